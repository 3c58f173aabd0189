"""The table of all model families: our own YAML files, and those of packages that bring families. Read once."""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec
import yaml

from orchestrion_host.families.family import Family, ModelTraits, Search, Signature

ENTRY_POINTS: Final = "orchestrion.model_families"
"""The group of entry points whose values are top-level packages with a `families.yaml`; their code is not imported."""

# In the order in which families are tried; encoders come last, since others perform some of their task types, too.
_FILES: Final = ("audio", "image", "video", "multimodal", "document", "diffusion", "tabular", "text")


class FamilyError(ValueError):
    """An entry of the table is wrong; the message names the file and the entry."""


@functools.cache
def families() -> tuple[Family, ...]:
    """Returns all families.

    Raises:
        FamilyError: A file cannot be read, or says what it cannot say.
    """
    folder = Path(__file__).parent
    paths = [*_plugin_files(), *(folder / f"{name}.yaml" for name in _FILES)]
    return tuple(family for path in paths for family in read_file(path))


def of(runtime: str, task_types: Iterable[str], architecture: str = "") -> Family | None:
    """Returns the family that performs all of these task types; None where there is none.

    Args:
        runtime: The runtime that the model is for.
        task_types: What it is to perform.
        architecture: The class that it was saved from. Among several families, the one whose signatures fit it
            best is taken, else the first.
    """
    wanted = frozenset(task_types)
    candidates = [family for family in families() if runtime in family.loaders and wanted.issubset(family.task_types)]
    traits = ModelTraits(architecture=architecture)

    def closeness(family: Family) -> tuple[int, ...]:
        return max((signature.fit(traits) or () for signature in family.signatures), default=())

    return max(candidates, key=closeness, default=None)


def signature_of(traits: ModelTraits) -> tuple[Family, Signature] | None:
    """Returns the family that a model belongs to by its configuration, and the signature that fits it best."""
    fits = [
        (fit, family, signature)
        for family in families()
        for signature in family.signatures
        if (fit := signature.fit(traits)) is not None
    ]
    if not fits:
        return None
    _, family, signature = max(fits, key=lambda item: item[0])
    return family, signature


def ambiguous_task_types() -> frozenset[str]:
    """Returns the task types of classes that are made for several tasks: `tag_decides`."""
    own = [family for family in families() if family.tag_decides]
    return frozenset(name for family in own for signature in family.signatures for name in performed(family, signature))


def performed(family: Family, signature: Signature) -> tuple[str, ...]:
    """Returns what a model of a family performs that a signature fits."""
    return signature.task_types or family.task_types


def is_performed(task_type: str) -> bool:
    """Whether models of any family perform a task type."""
    return any(task_type in family.task_types for family in families())


def from_hub(pipeline_tag: str) -> tuple[str, ...]:
    """Returns the task types that a pipeline tag of the Hub stands for; it may be none of this project's."""
    own = next((family.hub_tags[pipeline_tag] for family in families() if pipeline_tag in family.hub_tags), None)
    return own if own is not None else (pipeline_tag,) if pipeline_tag else ()


def to_hub(task_type: str) -> Search:
    """Returns how models of a task type are searched on the Hub."""
    own = next((family.searches[task_type] for family in families() if task_type in family.searches), None)
    return own or Search(pipeline_tag=task_type)


def read_file(path: Path) -> list[Family]:
    """Reads one file of the table.

    Raises:
        FamilyError: It cannot be read, or says what it cannot say.
    """
    try:
        return msgspec.yaml.decode(path.read_text("utf-8"), type=list[Family])
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.MsgspecError) as error:
        raise FamilyError(f"{path}: {error}") from error


def _plugin_files() -> Iterator[Path]:
    for point in importlib.metadata.entry_points(group=ENTRY_POINTS):
        spec = importlib.util.find_spec(point.value)
        for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
            yield Path(folder) / "families.yaml"
