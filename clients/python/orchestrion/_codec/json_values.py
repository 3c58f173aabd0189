"""Writes values as their proto3 JSON, without the messages between; see `json_objects`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from orchestrion.values import ArtifactRef, Json, JsonData, OutputRef

DEEPEST: Final = 20
"""How deep values and structured data are followed; protobuf judges deeper ones, and those that contain themselves."""

INT32: Final = range(-(1 << 31), 1 << 31)


class UndecidedJson(Exception):
    """Something may not be what the API takes there, or is rare: protobuf has to judge."""


def value_object(value: object, levels: int = DEEPEST) -> dict[str, Any]:
    """Returns the object of JSON that a value is.

    Args:
        value: The value.
        levels: How many values may be in each other from here on.

    Raises:
        UndecidedJson: See there.
    """
    write = _WRITERS.get(type(value))
    if write is None or levels == 0:
        raise UndecidedJson
    return write(value, levels)


def number(value: object) -> float:
    """Returns a number as the API carries it.

    Raises:
        UndecidedJson: It is none, or JSON has no such number.
    """
    if type(value) is float and math.isfinite(value):
        return value
    if type(value) is int and abs(value) < 1 << 53:
        return float(value)
    raise UndecidedJson


def text(value: object) -> str:
    """Returns a text.

    Raises:
        UndecidedJson: It is none.
    """
    if type(value) is not str:
        raise UndecidedJson
    return value


def _output(value: OutputRef, _: int) -> dict[str, Any]:
    members: dict[str, Any] = {}
    if text(value.task_id):
        members["taskId"] = value.task_id
    if text(value.output):
        members["output"] = value.output
    if value.index is not None:
        if type(value.index) is not int or value.index not in INT32:
            raise UndecidedJson
        members["index"] = value.index
    return {"output": members}


def _list(value: tuple[object, ...] | list[object], levels: int) -> dict[str, Any]:
    return {"list": {"items": [value_object(item, levels - 1) for item in value]} if value else {}}


def _plain(data: JsonData, levels: int) -> JsonData:
    kind = type(data)
    if kind is str or kind is bool or data is None:
        return data
    if kind is float or kind is int:
        return number(data)
    if levels == 0:
        raise UndecidedJson
    if kind is dict:
        return {text(name): _plain(item, levels - 1) for name, item in data.items()}
    if kind is list or kind is tuple:
        return [_plain(item, levels - 1) for item in data]
    raise UndecidedJson


_WRITERS: Final[dict[type, Callable[[Any, int], dict[str, Any]]]] = {
    str: lambda value, _: {"text": value},
    bool: lambda value, _: {"boolean": value},
    int: lambda value, _: {"number": number(value)},
    float: lambda value, _: {"number": number(value)},
    ArtifactRef: lambda value, _: {"artifact": text(value.name)},
    Json: lambda value, levels: {"json": _plain(value.data, levels)},
    OutputRef: _output,
    tuple: _list,
    list: _list,
}
