"""The catalogue entries of exports: beside the folder of each, written last, and renewed when the original's change."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import msgspec
import yaml

from orchestrion.values import JsonObject
from orchestrion_host.catalogue import reader, writer
from orchestrion_host.catalogue.facts import ModelFacts, WeightsSource
from orchestrion_host.worker.runtimes import families


def refresh(target: Path, facts: ModelFacts) -> bool:
    """Writes the catalogue file of an export anew where the original's facts have changed since.

    Returns:
        Whether that was so.
    """
    export = reader.read_file(target)
    entry = describe(facts, export.revision, Path(export.source.folder), export.source.sha256["model.onnx"])
    if yaml.safe_load(target.read_text("utf-8")) == entry:
        return False
    write(entry, target)
    return True


def write(entry: JsonObject, target: Path) -> None:
    """Writes a catalogue file."""
    # Replaced as a whole, since a host may read it at any time.
    with tempfile.TemporaryDirectory(dir=target.parent) as temporary:
        written = Path(temporary) / target.name
        written.write_text(yaml.safe_dump(entry, sort_keys=False), "utf-8")
        written.replace(target)


def describe(facts: ModelFacts, revision: str, folder: Path, digest: str) -> JsonObject:
    """Describes an export as a catalogue entry: the facts of the original, with files and runtime of its own."""
    family = families.of_folder("onnx", str(folder), facts.task_types)
    is_bare = family is not None and not family.head
    hashes = {"model.onnx": digest, "tokenizer.json": sha256(folder / "tokenizer.json")}
    export = msgspec.structs.replace(
        facts,
        id=f"{facts.id}-onnx",
        revision=revision,
        runtime="onnx",
        # What it takes was measured as 1.8 times its file, the largest batch included.
        memory_bytes=(folder / "model.onnx").stat().st_size * 9 // 5,
        download_bytes=0,
        requires=("onnxruntime", "tokenizers" if is_bare else "transformers"),
        trusted=(),
        source=WeightsSource(folder=str(folder), sha256=hashes),
    )
    return writer.plain(export)


def file_name(facts: ModelFacts) -> str:
    """Names the catalogue file of the export of a model."""
    return f"{facts.id.replace('/', '--')}-onnx.yaml"


def is_of(entry: Path, facts: ModelFacts) -> bool:
    """Whether an export is of these very weights, and complete; an entry that cannot be read is of none."""
    try:
        export = reader.read_file(entry)
    except reader.CatalogueError:
        return False
    files = [Path(export.source.folder) / name for name in ("model.onnx", "tokenizer.json")]
    return (
        export.revision.split(",")[0] == facts.revision
        and "model.onnx" in export.source.sha256
        and all(file.is_file() for file in files)
    )


def sha256(path: Path) -> str:
    """Returns the SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
