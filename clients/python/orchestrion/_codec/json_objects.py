"""Writes dataclasses as the objects of their proto3 JSON, without the messages between: descriptors compiled once.

Events are written by the thousand, and protobuf's own printer asks the descriptors anew for each. What is written here
is what it would write. What it might refuse, convert or write in a way of its own is left to it: then `UndecidedJson`
is raised.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, TypeAlias, cast

from google.protobuf import timestamp_pb2
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from orchestrion._codec.converters import MESSAGE_TYPES, is_repeated, python_fields
from orchestrion._codec.json_values import INT32, UndecidedJson, number, text, value_object

_Reflected: TypeAlias = Any  # Fields are reached by names from the descriptor, which no type checker follows.
_Write: TypeAlias = Callable[[_Reflected], _Reflected]
_WriteField: TypeAlias = Callable[[dict[str, Any], _Reflected], None]
"""Writes the value of a field, which is not None, into the object that has the field."""

_INT64: Final = range(-(1 << 63), 1 << 63)


def object_of(item: object) -> dict[str, Any]:
    """Returns the object of JSON that a dataclass of this package is.

    Raises:
        UndecidedJson: See there.
    """
    members: dict[str, Any] = {}
    for name, write in _writers(type(item).__name__):
        value = getattr(item, name)
        if value is not None:
            write(members, value)
    return members


@cache
def _writers(type_name: str) -> tuple[tuple[str, _WriteField], ...]:
    """Returns the fields of a dataclass in the order of the message's, and what writes each."""
    descriptor = cast(Descriptor, MESSAGE_TYPES[type_name].DESCRIPTOR)
    names = python_fields(descriptor)
    writers: list[tuple[str, _WriteField]] = []
    for field in descriptor.fields:
        oneof = field.containing_oneof
        if field.name in names:
            writers.append((field.name, _writer(field)))
        elif oneof is not None and oneof.name in names and field is oneof.fields[0]:
            writers.append((oneof.name, _oneof_writer(oneof.fields)))
    return tuple(writers)


def _oneof_writer(members: Sequence[FieldDescriptor]) -> _WriteField:
    json_names = {cast(Descriptor, member.message_type).name: member.json_name for member in members}

    def write(target: dict[str, Any], value: _Reflected) -> None:
        json_name = json_names.get(type(value).__name__)
        if json_name is None:
            raise UndecidedJson
        target[json_name] = object_of(value)

    return write


def _writer(field: FieldDescriptor) -> _WriteField:
    name, message = field.json_name, field.message_type
    if message is not None and message.GetOptions().map_entry:
        inner = message.fields_by_name["value"]
        write_inner = value_object if inner.message_type is not None else _write_one(inner)

        def write_map(target: dict[str, Any], value: _Reflected) -> None:
            if type(value) is not dict:
                raise UndecidedJson
            if value:
                target[name] = {text(key): write_inner(item) for key, item in value.items()}

        return write_map
    write_one = _write_one(field)
    if is_repeated(field):

        def write_all(target: dict[str, Any], value: _Reflected) -> None:
            if type(value) is not tuple and type(value) is not list:
                raise UndecidedJson
            if value:
                target[name] = [write_one(item) for item in value]

        return write_all
    if field.has_presence:

        def write_present(target: dict[str, Any], value: _Reflected) -> None:
            target[name] = write_one(value)

        return write_present

    def write(target: dict[str, Any], value: _Reflected) -> None:
        # A default is left out; whether the negative zero is one is for protobuf to say.
        if value or (type(value) is float and math.copysign(1.0, value) < 0):
            target[name] = write_one(value)
        elif type(value) is not default_type:
            write_one(value)

    default_type = type(field.default_value)
    return write


def _write_one(field: FieldDescriptor) -> _Write:
    if field.enum_type is not None:
        return _enum(field.enum_type)
    if field.message_type is not None:
        is_time = field.message_type.full_name == timestamp_pb2.Timestamp.DESCRIPTOR.full_name
        return _time if is_time else _message(field.message_type.name)
    return _SCALARS[field.type]


def _message(type_name: str) -> _Write:
    def write(value: _Reflected) -> dict[str, Any]:
        if type(value).__name__ != type_name:
            raise UndecidedJson
        return object_of(value)

    return write


def _enum(enum_type: EnumDescriptor) -> _Write:
    names = {value.number: value.name for value in enum_type.values}

    def write(value: _Reflected) -> str:
        name = names.get(value) if isinstance(value, int) else None
        if name is None:
            raise UndecidedJson
        return name

    return write


def _time(value: _Reflected) -> str:
    if type(value) is not datetime or value.tzinfo is not UTC:
        raise UndecidedJson
    fraction = value.microsecond
    precision = "microseconds" if fraction % 1000 else "milliseconds" if fraction else "seconds"
    return value.replace(tzinfo=None).isoformat(timespec=precision) + "Z"


def _int32(value: _Reflected) -> int:
    if type(value) is not int or value not in INT32:
        raise UndecidedJson
    return value


def _int64(value: _Reflected) -> str:
    if type(value) is not int or value not in _INT64:
        raise UndecidedJson
    return str(value)


def _boolean(value: _Reflected) -> bool:
    if type(value) is not bool:
        raise UndecidedJson
    return value


def _base64(value: _Reflected) -> str:
    if type(value) is not bytes:
        raise UndecidedJson
    return base64.b64encode(value).decode("ascii")


_SCALARS: Final[dict[int, _Write]] = {
    FieldDescriptor.TYPE_BOOL: _boolean,
    FieldDescriptor.TYPE_BYTES: _base64,
    FieldDescriptor.TYPE_DOUBLE: number,
    FieldDescriptor.TYPE_INT32: _int32,
    FieldDescriptor.TYPE_INT64: _int64,
    FieldDescriptor.TYPE_STRING: text,
}
