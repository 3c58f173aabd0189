"""Reads the catalogue: strictly, so that a misspelt field is an error that names its file, not a silent default."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar, get_type_hints

import msgspec

from orchestrion_host.catalogue import runtimes
from orchestrion_host.catalogue.facts import ModelFacts, WeightsSource
from orchestrion_host.tensors import DATATYPES

T = TypeVar("T")

_ID: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._/-]{0,127}")
_DEVICES: Final = ("cuda", "cpu")
_ISOLATIONS: Final = ("shared", "own")
_LIMITS: Final = frozenset({"max_character_count", "max_duration_ms", "max_size_bytes"})
_TRUSTED: Final = ("pickled-weights", "remote-code")
# As msgspec writes it: "… unknown field `descripton` - at `$.source`".
_UNKNOWN_FIELD: Final = re.compile(r"unknown field `(?P<field>[^`]*)`(?: - at `\$\.?(?P<place>[\w.]*)`)?")
BUILT_IN: Final = Path(__file__).parent / "models"
"""The folder of the project's own models."""


class CatalogueError(ValueError):
    """A file of the catalogue is wrong; the message names the file and the field."""


def read(folders: Iterable[Path], *, test_experts: bool) -> dict[str, ModelFacts]:
    """Reads the project's own catalogue, then the operator's folders; a later file replaces one of the same id.

    Args:
        folders: The operator's folders.
        test_experts: Whether experts for tests are taken in.

    Raises:
        CatalogueError: A file cannot be read, or says what it cannot say.
    """
    layers = [read_folder(folder, test_experts=test_experts) for folder in (BUILT_IN, *folders)]
    return {facts.id: facts for layer in layers for facts in layer}


def read_folder(folder: Path, *, test_experts: bool) -> list[ModelFacts]:
    """Reads the files of one folder.

    Raises:
        CatalogueError: There is no such folder; a file cannot be read, or says what it cannot say.
    """
    if not folder.is_dir():
        raise CatalogueError(f"{folder}: there is no such folder; it is named in the setting `catalogue_paths`.")
    read = [read_file(path) for path in sorted(folder.glob("*.yaml"))]
    return [facts for facts in read if test_experts or not facts.test]


def read_file(path: Path) -> ModelFacts:
    """Reads one file.

    Raises:
        CatalogueError: It cannot be read, or says what it cannot say.
    """
    facts = read_yaml(path, ModelFacts)
    _check_rules(facts, str(path))
    return facts


def facts_of(data: Mapping[str, Any], place: str) -> ModelFacts:
    """Checks the fields of an entry, as strictly as those of a file.

    Args:
        data: The fields, as YAML has them.
        place: Where they are from, for errors.

    Raises:
        CatalogueError: They say what they cannot say.
    """
    try:
        facts = msgspec.convert(data, ModelFacts)
    except msgspec.ValidationError as error:
        raise CatalogueError(f"{place}: {_with_cure(error, ModelFacts)}") from error
    _check_rules(facts, place)
    return facts


def read_yaml(path: Path, form: type[T]) -> T:
    """Reads a YAML file strictly as what it is to hold: no other fields, and none of another kind.

    Raises:
        CatalogueError: It cannot be read, or holds something else; the message names the file and the field.
    """
    try:
        return msgspec.yaml.decode(path.read_bytes(), type=form)
    except (OSError, msgspec.DecodeError) as error:
        raise CatalogueError(f"{path}: {_with_cure(error, form)}") from error


def _with_cure(error: Exception, form: type[Any]) -> str:
    """Writes an error of a file; one of an unknown field says which fields there are at that place."""
    match = _UNKNOWN_FIELD.search(str(error))
    if match is None:
        return str(error)
    for part in filter(None, (match["place"] or "").split(".")):
        form = get_type_hints(form).get(part, form)
    if not issubclass(form, msgspec.Struct):
        return str(error)
    names = form.__struct_fields__
    close = difflib.get_close_matches(match["field"], names, n=1)
    return f"{error}; did you mean `{close[0]}`?" if close else f"{error}; there are {', '.join(names)}"


def _check_rules(facts: ModelFacts, place: str) -> None:
    rules = [
        ("id", bool(_ID.fullmatch(facts.id)), "letters, digits, `.`, `_`, `/` and `-`, at most 128"),
        ("runtime", facts.runtime in runtimes.names(), f"one of {', '.join(runtimes.names())}"),
        ("isolation", facts.isolation in _ISOLATIONS, f"one of {', '.join(_ISOLATIONS)}"),
        ("devices", set(facts.devices) <= set(_DEVICES), f"some of {', '.join(_DEVICES)}"),
        ("task_types", bool(facts.task_types), "at least one"),
        ("description", bool(facts.description.strip()), "one or two sentences"),
        ("max_batch_size", facts.max_batch_size >= 1, "at least 1"),
        ("instances", 1 <= facts.instances <= 256, "from 1 to 256"),
        ("memory_bytes", facts.memory_bytes >= 0, "at least 0"),
        ("context_token_count", facts.context_token_count >= 0, "at least 0"),
        ("accuracy", 0 <= facts.accuracy <= 1, "a number from 0 to 1"),
        (
            "tensors",
            facts.tensors is None
            or all(own.datatype in DATATYPES for own in (*facts.tensors.inputs, *facts.tensors.outputs)),
            f"tensors of the kinds {', '.join(DATATYPES)}",
        ),
        (
            "input_limits",
            all(set(limit) <= _LIMITS and min(limit.values(), default=0) > 0 for limit in facts.input_limits.values()),
            f"for each input some of {', '.join(sorted(_LIMITS))}, each above 0",
        ),
        ("trusted", set(facts.trusted) <= set(_TRUSTED), f"some of {', '.join(_TRUSTED)}"),
        (
            "source",
            not runtimes.needs_source(facts.runtime) or bool(_locations(facts.source)),
            "a package, a folder or a hub id",
        ),
        (
            "source",
            not facts.source.gguf or facts.runtime == "transformers",
            "the runtime transformers for a gguf file",
        ),
        ("source", not (facts.source.hub and (facts.source.package or facts.source.folder)), "one place only"),
    ]
    for name, holds, expected in rules:
        if not holds:
            raise CatalogueError(f"{place}: {name}: expected {expected}; found {getattr(facts, name)!r}.")


def _locations(source: WeightsSource) -> list[str]:
    return [place for place in (source.package, source.folder, source.hub) if place]
