"""Turns values into messages and back: text, numbers, structured data, artifacts, references, and lists of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import UnionType
from typing import Final

from google.protobuf import json_format, struct_pb2

from orchestrion import values
from orchestrion._codec.number_lists import numbers_of, put_numbers
from orchestrion.errors import Reason
from orchestrion.v1 import values_pb2

UNENCODABLE: Final = (ValueError, TypeError, OverflowError, json_format.ParseError)
"""What protobuf raises for a lone surrogate, a number out of range, and what is no JSON."""

# Protobuf reads no message that is 100 deep; what structured data travel in takes some of them.
_DEEPEST_MESSAGE: Final = 90

_KINDS: tuple[tuple[type | UnionType, str], ...] = (
    (str, "text"),
    (bool, "boolean"),
    (int | float, "number"),
    (values.ArtifactRef, "artifact"),
    (values.Json, "json"),
    (values.OutputRef, "output"),
    (tuple | list, "list"),
)


def encode_value(value: values.Value, message: values_pb2.Value | None = None) -> values_pb2.Value:
    """Writes a value into a message, a new one where none is given.

    Raises:
        InvalidArgumentError: A text is not valid Unicode, or the value is none that the API knows.
    """
    message = values_pb2.Value() if message is None else message
    try:
        _put_value(message, value)
    except UNENCODABLE as error:
        kind = next(kind for types, kind in _KINDS if isinstance(value, types))
        raise Reason.INVALID_FIELD.error(f"{kind}: {error}", field=kind) from error
    return message


def decode_value(message: values_pb2.Value) -> values.Value:
    """Reads a value.

    Raises:
        InvalidArgumentError: It has no kind.
    """
    kind = message.WhichOneof("kind")
    if kind == "text":
        return message.text
    if kind == "number":
        return message.number
    if kind == "boolean":
        return message.boolean
    if kind == "artifact":
        return values.ArtifactRef(message.artifact)
    if kind == "json":
        return values.Json(_plain(message.json))
    if kind == "output":
        output = message.output
        return values.OutputRef(output.task_id, output.output, output.index if output.HasField("index") else None)
    if kind == "list":
        return tuple(decode_value(item) for item in message.list.items)
    raise Reason.INVALID_FIELD.error("A value has no kind: set text, number, boolean, json, artifact, list or output.")


def encode_values(named: Mapping[str, values.Value], target: Mapping[str, values_pb2.Value]) -> None:
    """Writes named values into a `map<string, Value>` field, which makes what it is asked for."""
    for name, value in named.items():
        encode_value(value, target[name])


def decode_values(source: Mapping[str, values_pb2.Value]) -> dict[str, values.Value]:
    """Reads a `map<string, Value>` field."""
    return {name: decode_value(value) for name, value in source.items()}


def _put_value(message: values_pb2.Value, value: values.Value) -> None:
    if isinstance(value, str):
        message.text = value
    elif isinstance(value, bool):
        message.boolean = value
    elif isinstance(value, int | float):
        message.number = value
    elif isinstance(value, values.ArtifactRef):
        message.artifact = value.name
    elif isinstance(value, values.Json):
        _put_plain(message.json, value.data, _DEEPEST_MESSAGE)
    elif isinstance(value, values.OutputRef):
        output = message.output
        output.SetInParent()
        output.task_id, output.output = value.task_id, value.output
        if value.index is not None:
            output.index = value.index
    elif isinstance(value, tuple | list):
        message.list.SetInParent()
        add = message.list.items.add
        for item in value:
            encode_value(item, add())
    else:
        raise Reason.INVALID_FIELD.error(f"{type(value).__name__} is no kind of value.", field="value")


def _put_plain(message: struct_pb2.Value, data: object, levels: int) -> None:
    """Writes structured data, in a third of the time that `json_format.ParseDict` takes, or less.

    Args:
        message: Where it goes.
        data: The data.
        levels: How many messages may be in each other from here on; a list takes two, an object three.
    """
    if data is None:
        message.null_value = struct_pb2.NULL_VALUE
    elif isinstance(data, str):
        message.string_value = data
    elif isinstance(data, bool):
        message.bool_value = data
    elif isinstance(data, int | float):
        if not math.isfinite(data):
            raise ValueError(f"{data} is a number that JSON does not have")
        message.number_value = data
    elif levels <= 0:
        raise ValueError("the data are nested too deep")
    elif isinstance(data, list | tuple):
        message.list_value.SetInParent()
        if put_numbers(message, data):
            return
        add = message.list_value.values.add
        for item in data:
            _put_plain(add(), item, levels - 2)
    elif isinstance(data, dict):
        message.struct_value.SetInParent()
        fields = message.struct_value.fields
        for name, item in data.items():
            _put_plain(fields[name], item, levels - 3)
    else:
        raise TypeError(f"{type(data).__name__} is no kind of JSON")


def _plain(message: struct_pb2.Value) -> values.JsonData:
    """Reads structured data; numbers that are whole come back as int."""
    kind = message.WhichOneof("kind")
    if kind == "struct_value":
        return {name: _plain(item) for name, item in message.struct_value.fields.items()}
    if kind == "list_value":
        numbers = numbers_of(message)
        return [_plain(item) for item in message.list_value.values] if numbers is None else numbers
    if kind == "number_value":
        number = message.number_value
        return int(number) if number.is_integer() else number
    if kind == "string_value":
        return message.string_value
    return message.bool_value if kind == "bool_value" else None
