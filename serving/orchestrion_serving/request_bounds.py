"""How large a request may be: its bytes before it is decoded, its parts before anything is made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeAlias

from google.protobuf import struct_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from orchestrion._codec.converters import is_repeated
from orchestrion.errors import Reason
from orchestrion.v1 import values_pb2

_Reflected: TypeAlias = Any  # Fields are reached by names from the descriptor, which no type checker follows.
_Reader: TypeAlias = Callable[[_Reflected], tuple[int, Iterable[_Reflected]]]
"""Returns how many parts a message has itself, and the messages in it that may have more."""

_NONE: Final[tuple[int, Iterable[_Reflected]]] = (0, ())
_PACKAGE: Final = "/orchestrion.v1."
_UNBOUNDED: Final = frozenset({"/orchestrion.v1.RegistryService/Advertise"})
"""A host's report has all its experts, as many as its operator gave it."""


@dataclass(frozen=True, slots=True)
class RequestBounds:
    """How large one request of this API may be; those of other protocols have their own bounds."""

    max_bytes: int = 4 << 20
    """Its bytes; the setting `max_request_bytes`."""
    max_parts: int = 20_000
    """Its parts; the setting `max_request_parts`."""

    def check_bytes(self, method: str, size: int) -> None:
        """Checks the size of a request before it is decoded.

        Raises:
            ResourceExhaustedError: It has too many bytes.
        """
        if size > self.max_bytes and _is_bounded(method):
            text = (
                f"{method}: the request has {size:,} bytes, and max_request_bytes allows {self.max_bytes:,}. "
                "Attach long texts as files, or have the operator raise it."
            )
            raise Reason.MESSAGE_TOO_LARGE.error(text, size_bytes=str(size), limit=str(self.max_bytes))

    def check_parts(self, method: str, request: Message) -> None:
        """Counts the parts of a request, at most one more than it may have, before anything is made of them.

        Raises:
            InvalidArgumentError: It has too many parts.
        """
        if _is_bounded(method) and (field := first_beyond(request, self.max_parts)):
            text = (
                f"{method}: the request has more than {self.max_parts:,} parts (tasks, values, items of lists, members "
                f"of JSON), which is what max_request_parts allows; the last counted is in {field}. "
                "Send fewer at once, or have the operator raise it."
            )
            raise Reason.REQUEST_TOO_LARGE.error(text, field=field, limit=str(self.max_parts))


DEFAULT_BOUNDS: Final = RequestBounds()
"""Those of servers that are set up without settings."""


def first_beyond(message: Message, most: int) -> str:
    """Looks for the field at which a message has more parts than it may; empty where it has not.

    Parts are the items of lists and maps, at any depth, but for numbers, which are packed; a reference is two, since it
    takes as long as two values. Of a message that has too many no more are looked at than it may have: lists are
    measured before they are looked into.
    """
    left = most
    for name, read in _containers(message.DESCRIPTOR):
        count, parts = read(message)
        left -= count
        stack = list(parts) if left >= 0 else []
        while stack and left >= 0:
            part = stack.pop()
            if isinstance(part, values_pb2.Value):  # Most parts of most plans: no reader is looked up.
                if (kind := part.WhichOneof("kind")) == "list":
                    left -= len(part.list.items)
                    stack.extend(part.list.items if left >= 0 else ())
                elif kind == "json":
                    stack.append(part.json)
                elif kind == "output":
                    left -= 1
                continue
            for _, read_part in _containers(part.DESCRIPTOR):
                count, parts = read_part(part)
                left -= count
                if left < 0:
                    break
                stack.extend(parts)
        if left < 0:
            return name
    return ""


def _is_bounded(method: str) -> bool:
    return method.startswith(_PACKAGE) and method not in _UNBOUNDED


@cache
def _containers(descriptor: Descriptor) -> tuple[tuple[str, _Reader], ...]:
    """Returns what reads the fields of a message that have parts, with their names."""
    if descriptor.full_name == struct_pb2.Value.DESCRIPTOR.full_name:
        return (("kind", _parts_of_json),)
    readers = ((field.name, _reader(field)) for field in descriptor.fields)
    return tuple((name, read) for name, read in readers if read is not None)


def _reader(field: FieldDescriptor) -> _Reader | None:
    name, message_type = field.name, field.message_type
    if not is_repeated(field):
        return None if message_type is None else lambda message: _member(message, name)
    if message_type is None:
        is_text = field.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES)
        return (lambda message: (len(getattr(message, name)), ())) if is_text else None
    if not message_type.GetOptions().map_entry:
        return lambda message: _items(getattr(message, name))
    if message_type.fields_by_name["value"].message_type is None:
        return lambda message: (len(getattr(message, name)), ())
    return lambda message: _entries(getattr(message, name))


def _member(message: _Reflected, name: str) -> tuple[int, Iterable[_Reflected]]:
    return (0, (getattr(message, name),)) if message.HasField(name) else _NONE


def _items(items: _Reflected) -> tuple[int, Iterable[_Reflected]]:
    return len(items), items


def _entries(entries: _Reflected) -> tuple[int, Iterable[_Reflected]]:
    return len(entries), entries.values()


def _parts_of_json(value: _Reflected) -> tuple[int, Iterable[_Reflected]]:
    kind = value.WhichOneof("kind")
    if kind == "list_value":
        return _items(value.list_value.values)
    return _entries(value.struct_value.fields) if kind == "struct_value" else _NONE
