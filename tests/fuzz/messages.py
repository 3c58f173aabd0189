"""Messages of any type, made from its descriptor: plausible, wild and large ones, the same for the same seed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from tests.fuzz.recipes import RECIPES

Pools = Mapping[str, Sequence[str]]
"""Texts that a server knows, by the field that they are for: `GetRunRequest.name`, or `host` of any message."""

_DEEPEST: Final = 8
_LARGEST_BYTES: Final = 1 << 20
_INTEGERS: Final = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
    FieldDescriptor.CPPTYPE_ENUM: (-(2**31), 2**31 - 1),
}
# What a test expert waits and writes goes by numbers, so that none lies between a second and what is refused.
_NUMBERS: Final = (
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    2.0,
    100.0,
    1e-320,
    1e300,
    -1e300,
    2.0**53,
    2.0**63,
    math.inf,
    -math.inf,
    math.nan,
)
_STRANGE: Final = (
    "", " ", "\0", "\n", "\r\n\t", "\x1b[31m", "\x7f", "\ufeff", "\ufffd", "\uffff", "\U0010ffff", "e\u0301",
    "\u202eabc\u202c", "👩‍👩‍👧‍👦", "שלום", "你好，世界", "Ǆ", "ß", "İ", "٣", "../../etc/passwd", "/dev/zero",
    "file:///etc/passwd", "http://127.0.0.1:9/", "a" * 65, "runs/", "runs/x", "artifacts/" + "0" * 64,
    "attachments/0", "attachments/99999999999999999999", "%s%n{0}{x}$X", "'; --", "nan", "null", "[]", "{}",
    "-1", "1e999", "<|im_start|>", "CON", ".", "..", "*", "?", "#", "a/b", "a\\b", "True",
)  # fmt: skip


class MessageMaker:
    """Makes messages; each call draws from the random numbers given alone."""

    def __init__(self, random: Random, pools: Pools) -> None:
        """Takes the source of all choices, and texts that the server knows."""
        self._random = random
        self._pools = pools

    def make(self, descriptor: Descriptor) -> Message:
        """Makes a message: most are sparse and plausible, so that they are refused late or not at all."""
        moods = ((0.0, 1.0, 0.08), (0.02, 0.7, 0.3), (0.2, 0.5, 0.6), (0.9, 0.0, 1.0))
        self._wildness, self._soundness, self._fullness = self._random.choices(moods, (4, 4, 3, 1))[0]
        self._longest = self._random.choices((3, 30, 3_000), (20, 4, 1))[0]
        self._budget = self._random.choices((10_000, _LARGEST_BYTES), (20, 1))[0]
        return self._message(descriptor, 0)

    def _message(self, descriptor: Descriptor, depth: int) -> Message:
        if (recipe := RECIPES.get(descriptor.full_name)) is not None and self._random.random() < self._soundness:
            made = recipe(self._random)
            self._budget -= made.ByteSize()
            return made
        message = GetMessageClass(descriptor)()
        chosen = {oneof.name: self._random.choice(oneof.fields) for oneof in descriptor.oneofs}
        for field in descriptor.fields:
            oneof = field.containing_oneof
            if oneof is not None and len(oneof.fields) > 1:
                # A value without a kind is rare, so that others are looked at.
                if chosen[oneof.name] is field and self._random.random() < 0.98:
                    self._put(message, field, depth)
            elif self._random.random() < (max(0.85, self._fullness) if self._matters(field) else self._fullness):
                self._put(message, field, depth)
        return message

    def _put(self, message: Any, field: FieldDescriptor, depth: int) -> None:
        entry = field.message_type if field.message_type and field.message_type.GetOptions().map_entry else None
        if not field.is_repeated:
            if field.message_type is None:
                setattr(message, field.name, self._scalar(field))
            elif self._may_nest(depth):
                getattr(message, field.name).SetInParent()
                getattr(message, field.name).CopyFrom(self._message(field.message_type, depth + 1))
            return
        items = getattr(message, field.name)
        for _ in range(max(self._count(), self._matters(field) and self._random.random() < 0.9)):
            if self._budget <= 0:
                break
            if entry is not None:
                key, value = entry.fields_by_name["key"], entry.fields_by_name["value"]
                is_text = key.cpp_type == FieldDescriptor.CPPTYPE_STRING
                name = self._text(f"{field.name}.key") if is_text else self._scalar(key)
                self._budget -= 10
                if value.message_type is None:
                    items[name] = self._scalar(value)
                elif self._may_nest(depth):
                    items[name].CopyFrom(self._message(value.message_type, depth + 1))
            elif field.message_type is None:
                items.append(self._scalar(field))
            elif self._may_nest(depth):
                items.append(self._message(field.message_type, depth + 1))

    def _matters(self, field: FieldDescriptor) -> bool:
        """Whether a call without the field says little: names of things, and what there is a recipe for."""
        kind = field.message_type
        return field.name in ("name", "expert_id") or (kind is not None and kind.full_name in RECIPES)

    def _may_nest(self, depth: int) -> bool:
        self._budget -= 20
        return self._budget > 0 and depth < _DEEPEST

    def _count(self) -> int:
        if self._budget <= 0:
            return 0
        return self._random.randint(0, self._random.choice((1, 2, self._longest)))

    def _scalar(self, field: FieldDescriptor) -> Any:
        self._budget -= 4
        if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
            if field.type == FieldDescriptor.TYPE_BYTES:
                return self._random.randbytes(self._random.choice((0, 1, 10, 1_000)))
            text = self._text(field.name, field.containing_type.name if field.containing_type else "")
            self._budget -= 2 + len(text)
            return text
        if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
            return self._random.random() < 0.5
        if field.cpp_type in (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT):
            return self._random.choice(_NUMBERS)
        least, most = _INTEGERS[field.cpp_type]
        if field.enum_type is not None and self._random.random() >= self._wildness:
            return self._random.choice(field.enum_type.values).number
        if self._random.random() < 0.1 + self._wildness:
            return self._random.choice((0, 1, 2, least, most, most - 1, self._random.randint(least, most)))
        return self._random.randint(0, 1_000)

    def _text(self, name: str, message: str = "") -> str:
        own = self._pools.get(f"{message}.{name}") or self._pools.get(name)
        if own and self._random.random() >= self._wildness:
            return self._random.choice(own)
        kind = self._random.random()
        if kind < 0.5:
            return self._random.choice(_STRANGE)
        if kind < 0.6:
            return self._random.choice(self._random.choice(list(self._pools.values())))
        if kind < 0.62 and self._budget > 0:
            return self._random.choice(("a", "é", "你", "{", "\n")) * self._random.choice((1_000, 30_000))
        return "".join(self._character() for _ in range(self._random.randint(0, 12)))

    def _character(self) -> str:
        code = self._random.randrange(self._random.choice((0x80, 0x3000, 0x110000)))
        return "�" if 0xD800 <= code < 0xE000 else chr(code)
