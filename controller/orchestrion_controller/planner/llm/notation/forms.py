"""The objects by which a value may be written: those of proto3 JSON, and `{"literal": …}` for a text as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from orchestrion.plans import Parameter, ParameterKind
from orchestrion.values import JsonData
from orchestrion_controller.planner.llm.notation.spelling import letters

_BARE: Final = frozenset({"text", "number", "boolean", "value", "string"})
_FILES: Final = frozenset({"artifact", "file", "attachment"})
_PART: Final = re.compile(r"[A-Za-z0-9_-]+")
_TASKS: Final = frozenset({"taskid", "task", "id"})


@dataclass(frozen=True, slots=True)
class LiteralText:
    """A text as it is, even if it looks like a reference."""

    text: str


@dataclass(frozen=True, slots=True)
class Data:
    """Structured data as it is."""

    value: JsonData


@dataclass(frozen=True, slots=True)
class Bare:
    """A value that could stand there without the object."""

    value: JsonData


@dataclass(frozen=True, slots=True)
class Items:
    """Several values."""

    values: tuple[JsonData, ...]


@dataclass(frozen=True, slots=True)
class FileName:
    """A file or a text by its name."""

    name: str


Form: TypeAlias = LiteralText | Data | Bare | Items | FileName


def of(data: Mapping[str, JsonData], parameter: Parameter) -> Form | None:
    """Returns the form that an object is, where an input takes it; None for plain data."""
    if flat := _output(data):
        return Bare(flat)
    if len(data) != 1:
        return None
    ((name, value),) = data.items()
    key, is_json = letters(name), parameter.kind is ParameterKind.JSON
    match key, value:
        case "literal", str():
            return LiteralText(value)
        case "json", _ if is_json:
            return Data(value)
        case "list", list():
            return Items(tuple(value))
        case "list", {"items": list() as items, **rest} | {"values": list() as items, **rest} if not rest:
            return Items(tuple(items))
        case "output", dict() if flat := _output(value):
            return Bare(flat)
        case "output" | "ref" | "reference", str() if not is_json or value.startswith("$"):
            return Bare(value if value.startswith("$") else f"${value}")
        case _, str() | int() if key in _FILES and not is_json:
            return FileName(str(value))
        case _, str() | int() | float() if (key in _BARE or key == letters(parameter.name)) and not is_json:
            return Bare(value)
    return None


def _output(data: Mapping[str, JsonData]) -> str:
    """Returns `{"taskId": …, "output": …, "index": …}` as a reference; empty for anything else."""
    by_letters = {letters(name): value for name, value in data.items()}
    task = next((by_letters.pop(name) for name in _TASKS if name in by_letters), None)
    output, index = by_letters.pop("output", ""), by_letters.pop("index", None)
    is_one = isinstance(task, str | int) and isinstance(output, str) and isinstance(index, int | float | None)
    if by_letters or not is_one or not (output or index is not None):
        return ""
    path = [str(task), *([output] if output else []), *([str(int(index))] if index is not None else [])]
    return "$" + ".".join(path) if all(map(_PART.fullmatch, path)) else ""
