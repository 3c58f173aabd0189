"""Exports an encoder of the catalogue from PyTorch to ONNX, as an expert of its own beside the original.

`python -m orchestrion_host.worker.export EXPERT --exports FOLDER` writes the folder and the catalogue file of the
expert `EXPERT-onnx`. Its outputs are checked against PyTorch's first; what was exported before only has its facts
brought up to date. The export starts in a fraction of the time, since a worker then needs neither torch nor
transformers. `make setup` does this for the starter encoder.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import yaml

from orchestrion_host.catalogue import presence, reader
from orchestrion_host.catalogue.facts import ModelFacts
from orchestrion_host.config import default_exports_path
from orchestrion_host.worker import weights
from orchestrion_host.worker.runtimes import embeddings

TOLERANCE: Final = 1e-4
"""The largest difference allowed between an output of PyTorch's and of the export's, absolute."""


def main(argv: list[str] | None = None) -> int:
    """Reads the arguments, exports, and returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m orchestrion_host.worker.export", description=__doc__)
    parser.add_argument("expert", help="the id of an encoder in the catalogue, such as all-minilm-l6-v2")
    parser.add_argument(
        "--exports", type=Path, default=default_exports_path(), help="the folder (default: %(default)s)"
    )
    parser.add_argument("--catalogue", type=Path, action="append", default=[], help="a further folder of the catalogue")
    arguments = parser.parse_args(argv)
    catalogue = reader.read(arguments.catalogue, test_experts=False)
    facts = catalogue.get(arguments.expert)
    if facts is None or facts.runtime != "transformers" or not embeddings.TASK_TYPES.issuperset(facts.task_types):
        sys.stderr.write(f"error: {arguments.expert!r} is no encoder of the catalogue on the runtime transformers.\n")
        return 2
    found = presence.find(facts)
    if found.problem:
        sys.stderr.write(f"error: {found.problem}\n")
        return 1
    target = arguments.exports / _entry_name(facts)
    if target.is_file() and _is_of(target, facts):
        told = "is there already; its facts are renewed" if refresh(target, facts) else "is there already"
        sys.stdout.write(f"{target} {told}\n")
        return 0
    difference = export(facts, Path(found.folder), arguments.exports)
    sys.stdout.write(f"wrote {target}; outputs differ from PyTorch's by at most {difference:.1e}\n")
    return 0


def export(facts: ModelFacts, source: Path, exports: Path) -> float:
    """Exports one encoder, with a dynamic batch and length, and registers it in a folder of exports.

    Nothing is left behind when it fails.

    Returns:
        The largest absolute difference between the outputs and PyTorch's.

    Raises:
        ValueError: The outputs differ by more than `TOLERANCE`.
    """
    weights.check(source, facts.source.sha256)
    exports.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=exports) as temporary:
        folder = Path(temporary) / "model"
        folder.mkdir()
        for name in ("tokenizer.json", "config.json"):
            shutil.copyfile(source / name, folder / name)
        # Imported here since it takes many seconds, which finding an export made earlier need not wait for.
        from orchestrion_host.worker import onnx_export

        difference = onnx_export.write(source, folder / "model.onnx")
        if difference > TOLERANCE:
            raise ValueError(f"the outputs of {facts.id} differ from PyTorch's by {difference}; {TOLERANCE} is allowed")
        digest = _sha256(folder / "model.onnx")
        final = exports / f"{Path(_entry_name(facts)).stem}-{digest[:16]}"
        shutil.rmtree(final, ignore_errors=True)
        folder.rename(final)
        # The catalogue file comes last: a host that reads it finds everything that it names.
        revision = f"{facts.revision}, exported with torch {version('torch')}"
        _write_entry(_entry(facts, revision, final, digest), exports / _entry_name(facts))
    return difference


def refresh(target: Path, facts: ModelFacts) -> bool:
    """Writes the catalogue file of an export anew where the original's facts have changed since.

    Returns:
        Whether that was so.
    """
    known = reader.read_file(target)
    entry = _entry(facts, known.revision, Path(known.source.folder), known.source.sha256["model.onnx"])
    if yaml.safe_load(target.read_text("utf-8")) == entry:
        return False
    _write_entry(entry, target)
    return True


def _write_entry(entry: Mapping[str, Any], target: Path) -> None:
    # Replaced as a whole, since a host may read it at any time.
    with tempfile.TemporaryDirectory(dir=target.parent) as temporary:
        written = Path(temporary) / target.name
        written.write_text(yaml.safe_dump(entry, sort_keys=False), "utf-8")
        written.replace(target)


def _entry(facts: ModelFacts, revision: str, folder: Path, digest: str) -> Mapping[str, Any]:
    return {
        "id": f"{facts.id}-onnx",
        "model": facts.model,
        "revision": revision,
        "runtime": "onnx",
        "task_types": list(facts.task_types),
        "description": facts.description,
        "languages": list(facts.languages),
        "domain": facts.domain,
        "license": facts.license,
        # What it takes was measured as 1.8 times its file, the largest batch included.
        "memory_bytes": (folder / "model.onnx").stat().st_size * 9 // 5,
        "download_count": facts.download_count,
        "like_count": facts.like_count,
        "max_batch_size": facts.max_batch_size,
        "requires": ["onnxruntime", "tokenizers"],
        "source": {
            "folder": str(folder),
            "sha256": {"model.onnx": digest, "tokenizer.json": _sha256(folder / "tokenizer.json")},
        },
        "options": dict(facts.options),
    }


def _entry_name(facts: ModelFacts) -> str:
    return f"{facts.id.replace('/', '--')}-onnx.yaml"


def _is_of(entry: Path, facts: ModelFacts) -> bool:
    """Whether an export is of these very weights, and complete; an entry that cannot be read is of none."""
    try:
        known = reader.read_file(entry)
    except reader.CatalogueError:
        return False
    files = [Path(known.source.folder) / name for name in ("model.onnx", "tokenizer.json")]
    return (
        known.revision.split(",")[0] == facts.revision
        and "model.onnx" in known.source.sha256
        and all(file.is_file() for file in files)
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    sys.exit(main())
