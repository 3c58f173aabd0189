"""Long lists of numbers in structured data, such as embeddings: written and read as a whole, not a message a number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from struct import iter_unpack, pack
from typing import Final

from google.protobuf import struct_pb2

_FEWEST: Final = 16
# As protobuf writes an item of ListValue.values that is a number: field 1, nine bytes: field 2, a double.
_HEAD: Final = b"\x0a\x09\x11"
_ITEM_BYTES: Final = 11
_DOUBLE_BYTES: Final = 8


def put_numbers(message: struct_pb2.Value, numbers: Sequence[object]) -> bool:
    """Writes a list of numbers into a message; returns whether it was one, and long enough.

    Raises:
        ValueError: A number is not finite.
        OverflowError: A number is too large.
    """
    if len(numbers) < _FEWEST or not set(map(type, numbers)) <= {int, float}:
        return False
    if not all(map(math.isfinite, numbers)):  # type: ignore[arg-type]  # The types were looked at.
        raise ValueError("a list has a number that JSON does not have")
    count = len(numbers)
    doubles = pack(f"<{count}d", *numbers)
    content = bytearray(count * _ITEM_BYTES)
    for place, byte in enumerate(_HEAD):
        content[place::_ITEM_BYTES] = bytes((byte,)) * count
    for place in range(_DOUBLE_BYTES):
        content[len(_HEAD) + place :: _ITEM_BYTES] = doubles[place::_DOUBLE_BYTES]
    message.list_value.MergeFromString(bytes(content))
    return True


def numbers_of(message: struct_pb2.Value) -> list[float] | None:
    """Reads a list that has numbers alone, whole ones as int; None for any other, and for a short one."""
    count = len(message.list_value.values)
    if count < _FEWEST:
        return None
    content = message.list_value.SerializeToString()
    if len(content) != count * _ITEM_BYTES:
        return None
    if any(content[place::_ITEM_BYTES] != _HEAD[place : place + 1] * count for place in range(len(_HEAD))):
        return None
    return [int(number) if number.is_integer() else number for (number,) in iter_unpack("<3xd", content)]
