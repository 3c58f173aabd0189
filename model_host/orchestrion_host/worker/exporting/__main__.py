"""Exports a model of the catalogue from PyTorch to ONNX, as an expert of its own beside the original.

`python -m orchestrion_host.worker.exporting EXPERT --exports FOLDER` writes the folder and the catalogue file of the
expert `EXPERT-onnx`. Its outputs are checked against PyTorch's first; what was exported before only has its facts
brought up to date. An export starts in a fraction of the time: encoders without heads need neither torch nor
transformers. `make setup` does this for the starter encoder; hosts run it for `ExportModel`, with `--json`.
"""

from __future__ import annotations

import argparse
import errno
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.values import JsonObject
from orchestrion_host.catalogue import presence, reader
from orchestrion_host.catalogue.facts import ModelFacts
from orchestrion_host.config import default_exports_path
from orchestrion_host.worker import weights
from orchestrion_host.worker.exporting import eligibility, entries

TOLERANCE: Final = 1e-4
"""The largest difference allowed between an output of PyTorch's and of the export's, where outputs are up to 1.

Both compute in single precision, so where they are larger, they may differ by so many times more.
"""

Tell = Callable[[str], None]
"""Takes what is being done, in a few words."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What became of an export."""

    entry: Path
    """The catalogue file of the new expert."""
    difference: float | None
    """The largest difference between an output and PyTorch's; None where it was made earlier."""
    latency_ms: Mapping[str, float]
    """How long one call takes with the original and with the export, by the expert's id; empty where not measured."""
    renewed: bool = False
    """Whether only the facts of one made earlier were brought up to date."""


def main(argv: list[str] | None = None) -> int:
    """Reads the arguments, exports, and returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m orchestrion_host.worker.exporting", description=__doc__)
    parser.add_argument("expert", help="the id of a model of texts in the catalogue, such as all-minilm-l6-v2")
    parser.add_argument("--task", default="", help="the task type that it is to perform (default: all, for an encoder)")
    parser.add_argument(
        "--exports", type=Path, default=default_exports_path(), help="the folder (default: %(default)s)"
    )
    parser.add_argument("--catalogue", type=Path, action="append", default=[], help="a further folder of the catalogue")
    parser.add_argument("--json", action="store_true", help="write progress, result and errors as lines of JSON")
    parser.add_argument("--measure", action="store_true", help="measure both, one call at a time")
    arguments = parser.parse_args(argv)

    # Libraries print to the standard output, which is for our lines alone.
    output = sys.stdout
    sys.stdout = sys.stderr

    def write_line(line: JsonObject) -> None:
        output.write(json.dumps(line) + "\n")
        output.flush()

    def tell(message: str) -> None:
        if arguments.json:
            write_line({"message": message})

    try:
        done = run(
            arguments.expert, arguments.task, arguments.exports, arguments.catalogue, tell, measure=arguments.measure
        )
    except OrchestrionError as error:
        if arguments.json:
            write_line({"error": {"reason": error.reason, "message": error.message, "metadata": error.metadata}})
        else:
            sys.stderr.write(f"error: {error.message}\n")
        return 2 if error.reason in (Reason.INVALID_FIELD.name, Reason.MODEL_NOT_SUPPORTED.name) else 1
    if arguments.json:
        result = {"entry": str(done.entry), "difference": done.difference, "latency_ms": done.latency_ms}
        write_line({"result": result})
    elif done.difference is None:
        outcome = "is there already; its facts are renewed" if done.renewed else "is there already"
        output.write(f"{done.entry} {outcome}\n")
    else:
        output.write(f"wrote {done.entry}; outputs differ from PyTorch's by at most {done.difference:.1e}\n")
    return 0


def run(
    expert: str, task_type: str, exports: Path, catalogue: Sequence[Path], tell: Tell, *, measure: bool
) -> Exported:
    """Exports one expert, unless it was exported before.

    Args:
        expert: The id of the expert in the catalogue.
        task_type: What it is to perform; empty for all that it does, where it does them on one encoder.
        exports: The folder of exports.
        catalogue: Further folders of the catalogue.
        tell: Takes the progress.
        measure: Whether both are measured.

    Raises:
        InvalidArgumentError: MODEL_NOT_SUPPORTED: there is no such model, or it cannot be exported for the task type.
        FailedPreconditionError: EXPERT_UNAVAILABLE; EXPORT_FAILED; EXPERT_LOAD_FAILED for weights of another hash.
    """
    facts = reader.read(catalogue, test_experts=True).get(expert)
    if facts is None or facts.runtime != "transformers":
        text = f"{expert!r} is no model of the catalogue on the runtime transformers, from which exports are made."
        raise Reason.MODEL_NOT_SUPPORTED.error(text, expert=expert)
    location = presence.find(facts)
    if location.problem:
        raise Reason.EXPERT_UNAVAILABLE.error(location.problem, expert=expert)
    family = eligibility.family_of(facts, Path(location.folder), task_type)
    target = exports / entries.file_name(facts)
    if target.is_file() and entries.is_of(target, facts):
        renewed = entries.refresh(target, facts)
        return Exported(
            target, None, _measured(facts, location.folder, target, tell) if measure else {}, renewed=renewed
        )
    tell(f"exporting {expert} for {', '.join(facts.task_types)}")
    try:
        difference = export(facts, Path(location.folder), exports, family.auto_class)
    except OrchestrionError:
        raise
    except OSError as error:
        full = error.errno == errno.ENOSPC
        reason = Reason.STORAGE_FULL if full else Reason.EXPORT_FAILED
        raise reason.error(f"{expert} could not be exported to {exports}: {error}", expert=expert) from error
    except Exception as error:
        text = f"{expert} could not be exported: {error}"
        raise Reason.EXPORT_FAILED.error(text, expert=expert) from error
    tell(f"checked: outputs differ from PyTorch's by at most {difference:.1e}")
    return Exported(target, difference, _measured(facts, location.folder, target, tell) if measure else {})


def export(facts: ModelFacts, source: Path, exports: Path, auto_class: str) -> float:
    """Exports one model, with a dynamic batch and length, and registers it in a folder of exports.

    Nothing is left behind when it fails.

    Returns:
        The largest absolute difference between the outputs and PyTorch's.

    Raises:
        ValueError: The outputs differ by more than `TOLERANCE` allows.
    """
    weights.check(source, facts.source.sha256)
    exports.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=exports) as temporary:
        folder = Path(temporary) / "model"
        folder.mkdir()
        for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "config.json"):
            # A tokenizer in another form is converted.
            if (source / name).is_file():
                shutil.copyfile(source / name, folder / name)
        # Imported here since it takes many seconds, which finding an export made earlier need not wait for.
        from orchestrion_host.worker.exporting import onnx_model

        compared = onnx_model.write(source, folder / "model.onnx", auto_class)
        allowed = TOLERANCE * max(1.0, compared.largest)
        if not compared.difference <= allowed:
            text = f"the outputs of {facts.id} differ from PyTorch's by {compared.difference:.1e}, and {allowed:.1e} is"
            raise ValueError(f"{text} allowed, where the largest is {compared.largest:.1e}")
        digest = entries.sha256(folder / "model.onnx")
        final = exports / f"{Path(entries.file_name(facts)).stem}-{digest[:16]}"
        shutil.rmtree(final, ignore_errors=True)
        folder.rename(final)
        # The catalogue file comes last: a host that reads it finds everything that it names.
        revision = f"{facts.revision}, exported with torch {version('torch')}"
        entry = entries.describe(facts, revision, final, digest)
        entries.write(entry, exports / entries.file_name(facts))
    return compared.difference


def _measured(facts: ModelFacts, folder: str, entry: Path, tell: Tell) -> Mapping[str, float]:
    # Imported here since it takes many seconds, which who does not measure need not wait for.
    from orchestrion_host.worker.exporting import measuring

    tell("measuring both")
    return measuring.latencies(facts, folder, reader.read_file(entry))


if __name__ == "__main__":
    sys.exit(main())
