"""Turns the dataclasses of this package into protobuf messages and back.

Dataclasses and messages have the same names and fields, so one mechanism, `converters`, serves all of them. A field of
the message that the dataclass lacks is ignored, so that older clients read newer servers. `pairs`, made from protos/,
tells the type checker which message belongs to which dataclass.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, TypeVar, cast

from google.protobuf import json_format
from google.protobuf.message import Message

from orchestrion._codec.converters import MESSAGE_TYPES, fill, read
from orchestrion._codec.json_objects import object_of
from orchestrion._codec.json_values import UndecidedJson
from orchestrion.errors import Reason

if TYPE_CHECKING:
    from orchestrion._codec.pairs import Decode, Encodable, Encode, EncodeEnum

T = TypeVar("T", bound="Encodable")

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False)


def _encode(item: Encodable) -> Message:
    message = MESSAGE_TYPES[type(item).__name__]()
    fill(message, item)
    return message


def _decode(message: Message, target: type[T]) -> T:
    if target.__name__ != message.DESCRIPTOR.name:
        raise TypeError(f"a {message.DESCRIPTOR.name} message is no {target.__name__}")
    return cast(T, read(message))


encode: Final = cast("Encode", _encode)
"""Turns a dataclass of this package into the message of the same name.

Raises:
    InvalidArgumentError: A text is not valid Unicode, or a value is none that the API knows.
"""

encode_enum: Final = cast("EncodeEnum", int)
"""Turns a member of an enum into the number of the same name, which the stubs know by a type of its own."""

decode: Final = cast("Decode", _decode)
"""Turns a message into the dataclass of the same name.

Raises:
    InvalidArgumentError: A value has no kind.
    TypeError: The message has another name than the dataclass.
"""


def to_json(item: Encodable, *, indent: int | None = None) -> str:
    """Writes a dataclass as the proto3 JSON of its message, on one line unless `indent` is given.

    Raises:
        InvalidArgumentError: A text is not valid Unicode, or a value is none that the API knows.
    """
    try:
        written = object_of(item)
        text = _ENCODER.encode(written) if indent is None else json.dumps(written, indent=indent, ensure_ascii=False)
        text.encode()  # Lone surrogates are nothing that could be sent.
    except (UndecidedJson, UnicodeEncodeError):
        return json_format.MessageToJson(_encode(item), indent=indent, ensure_ascii=False)
    return text


def from_json(text: str, target: type[T]) -> T:
    """Reads a dataclass from the proto3 JSON of its message.

    Raises:
        InvalidArgumentError: The text is no JSON, or does not fit the message.
    """
    if not text.lstrip().startswith("{"):  # The parser takes an empty list for an empty message.
        raise Reason.INVALID_FIELD.error(f"No {target.__name__} in proto3 JSON: it must be an object, {{…}}.")
    try:
        message = json_format.Parse(text, MESSAGE_TYPES[target.__name__]())
    except json_format.ParseError as error:
        raise Reason.INVALID_FIELD.error(f"No {target.__name__} in proto3 JSON: {error}") from error
    return _decode(message, target)
