"""How messages and dataclasses of one name become each other: descriptors compiled into lists of field converters."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final, TypeAlias, cast

from google.protobuf import timestamp_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from orchestrion import events, experts, inference, models, plans, refusals, requests, runs
from orchestrion._codec.value_codec import UNENCODABLE, decode_values, encode_values
from orchestrion.errors import Reason
from orchestrion.v1 import (
    artifacts_pb2,
    assignments_pb2,
    errors_pb2,
    events_pb2,
    experts_pb2,
    model_host_service_pb2,
    plan_service_pb2,
    plans_pb2,
    registry_service_pb2,
    run_service_pb2,
    runs_pb2,
    select_service_pb2,
    task_types_pb2,
)

_Reflected: TypeAlias = Any  # Fields are reached by names from the descriptor, which no type checker follows.
_Put: TypeAlias = Callable[[_Reflected, _Reflected], None]
_Get: TypeAlias = Callable[[_Reflected], _Reflected]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_DOMAIN: Final = (events, experts, inference, models, plans, refusals, requests, runs)
_PROTOS: Final = (
    artifacts_pb2,
    assignments_pb2,
    errors_pb2,
    events_pb2,
    experts_pb2,
    model_host_service_pb2,
    plan_service_pb2,
    plans_pb2,
    registry_service_pb2,
    run_service_pb2,
    runs_pb2,
    select_service_pb2,
    task_types_pb2,
)
_PYTHON_TYPES: Final[dict[str, type]] = {
    name: item
    for module in _DOMAIN
    for name, item in vars(module).items()
    if isinstance(item, type) and (dataclasses.is_dataclass(item) or issubclass(item, enum.IntEnum))
}
MESSAGE_TYPES: Final[Mapping[str, type[Message]]] = {
    name: getattr(module, name) for module in _PROTOS for name in module.DESCRIPTOR.message_types_by_name
}
"""The messages by name, those of dataclasses among them."""


def fill(message: Message, item: object) -> None:
    """Writes a dataclass into an empty message of the same name.

    Raises:
        InvalidArgumentError: A text is not valid Unicode, or a value is none that the API knows.
    """
    for name, put in _compiled(message.DESCRIPTOR).writers:
        value = getattr(item, name)
        if value is None:
            continue
        try:
            put(message, value)
        except UNENCODABLE as error:
            raise Reason.INVALID_FIELD.error(f"{name}: {error}", field=name) from error


def read(message: Message) -> _Reflected:
    """Makes the dataclass of the same name out of a message.

    Raises:
        InvalidArgumentError: A value has no kind.
    """
    compiled = _compiled(message.DESCRIPTOR)
    return compiled.python_type(**{name: get(message) for name, get in compiled.readers})


def python_fields(descriptor: Descriptor) -> frozenset[str]:
    """Returns the names of the fields of the dataclass that a message belongs to."""
    return frozenset(field.name for field in dataclasses.fields(_PYTHON_TYPES[descriptor.name]))


@dataclasses.dataclass(frozen=True, slots=True)
class _Compiled:
    """The converters of one message type."""

    python_type: type
    writers: tuple[tuple[str, _Put], ...]
    readers: tuple[tuple[str, _Get], ...]


@cache
def _compiled(descriptor: Descriptor) -> _Compiled:
    python_type = _PYTHON_TYPES[descriptor.name]
    names = python_fields(descriptor)
    writers: list[tuple[str, _Put]] = []
    readers: list[tuple[str, _Get]] = []
    for oneof in descriptor.oneofs:
        if oneof.name in names:
            by_type = {cast(Descriptor, field.message_type).name: field.name for field in oneof.fields}
            writers.append((oneof.name, _oneof_writer(by_type)))
            readers.append((oneof.name, _oneof_reader(oneof.name)))
    for field in descriptor.fields:
        if field.name in names:
            writers.append((field.name, _writer(field)))
            readers.append((field.name, _reader(field)))
    return _Compiled(python_type, tuple(writers), tuple(readers))


def _oneof_writer(field_of_type: Mapping[str, str]) -> _Put:
    def put(message: _Reflected, value: _Reflected) -> None:
        member = getattr(message, field_of_type[type(value).__name__])
        member.SetInParent()
        fill(member, value)

    return put


def _oneof_reader(oneof: str) -> _Get:
    def get(message: _Reflected) -> _Reflected:
        member = message.WhichOneof(oneof)
        return None if member is None else read(getattr(message, member))

    return get


def _writer(field: FieldDescriptor) -> _Put:
    name, message_type = field.name, field.message_type
    if message_type is None:
        return _put_scalars(name) if is_repeated(field) else lambda message, value: setattr(message, name, value)
    if message_type.GetOptions().map_entry:
        item_type = message_type.fields_by_name["value"].message_type
        if item_type is None:
            return lambda message, value: getattr(message, name).update(value)
        return lambda message, value: encode_values(value, getattr(message, name))
    put_message = _put_message(message_type)
    if is_repeated(field):

        def put_all(message: _Reflected, value: _Reflected) -> None:
            members = getattr(message, name)
            for item in value:
                put_message(members.add(), item)

        return put_all

    def put(message: _Reflected, value: _Reflected) -> None:
        member = getattr(message, name)
        member.SetInParent()
        put_message(member, value)

    return put


def _put_scalars(name: str) -> _Put:
    return lambda message, value: getattr(message, name).extend(value)


def _put_message(message_type: Descriptor) -> _Put:
    if message_type.full_name == timestamp_pb2.Timestamp.DESCRIPTOR.full_name:
        return _put_datetime
    return fill


def _put_datetime(message: _Reflected, value: datetime) -> None:
    # A quarter of the time that protobuf's own FromDatetime takes, for something in every event.
    since = value - _EPOCH
    message.seconds = since.days * 86_400 + since.seconds
    message.nanos = since.microseconds * 1_000


def _reader(field: FieldDescriptor) -> _Get:
    name, message_type = field.name, field.message_type
    if message_type is not None and message_type.GetOptions().map_entry:
        if message_type.fields_by_name["value"].message_type is None:
            return lambda message: dict(getattr(message, name))
        return lambda message: decode_values(getattr(message, name))
    convert = _get_one(field)
    if is_repeated(field):
        return lambda message: tuple(convert(item) for item in getattr(message, name))
    if field.has_presence:
        return lambda message: convert(getattr(message, name)) if message.HasField(name) else None
    return lambda message: convert(getattr(message, name))


def _get_one(field: FieldDescriptor) -> _Get:
    if field.enum_type is not None:
        return _enum_reader(cast(type[enum.IntEnum], _PYTHON_TYPES[field.enum_type.name]))
    if field.message_type is None:
        return lambda value: value
    if field.message_type.full_name == timestamp_pb2.Timestamp.DESCRIPTOR.full_name:
        return _datetime
    return read


def _enum_reader(enum_type: type[enum.IntEnum]) -> _Get:
    members = {int(member): member for member in enum_type}
    # A newer server may send a number that this version has no name for.
    unspecified = enum_type(0)
    return lambda number: members.get(number, unspecified)


def _datetime(message: timestamp_pb2.Timestamp) -> datetime:
    # A third of the time that protobuf's own ToDatetime takes, for something in every event.
    return _EPOCH + timedelta(seconds=message.seconds, microseconds=message.nanos // 1_000)


def is_repeated(field: FieldDescriptor) -> bool:
    """Whether a field is a list or a map."""
    # protobuf 5 has no `is_repeated`, and 7 has no `label` any more.
    if hasattr(field, "is_repeated"):
        return bool(field.is_repeated)
    return bool(getattr(field, "label") == FieldDescriptor.LABEL_REPEATED)  # noqa: B009
