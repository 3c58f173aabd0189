"""Tensors: a kind of elements, a shape, and raw bytes. Pure: no numpy, so the host's own process can check them."""

from __future__ import annotations

import array
import math
import struct
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from orchestrion.errors import OrchestrionError, Reason

Buffer: TypeAlias = "bytes | bytearray | memoryview"
"""Bytes, or a view of some."""

BYTES: Final = "BYTES"
"""The kind of elements that are strings of bytes of any length."""

_LENGTH: Final = struct.Struct("<I")
_MOST_DIMENSIONS: Final = 32


@dataclass(frozen=True, slots=True)
class NumberKind:
    """A kind of numbers."""

    size_bytes: int
    """What one number takes."""
    code: str
    """Its letter in the modules `struct` and `array`; empty where Python has none."""


NUMBER_KINDS: Final = {
    "BOOL": NumberKind(1, "?"),
    "UINT8": NumberKind(1, "B"),
    "UINT16": NumberKind(2, "H"),
    "UINT32": NumberKind(4, "I"),
    "UINT64": NumberKind(8, "Q"),
    "INT8": NumberKind(1, "b"),
    "INT16": NumberKind(2, "h"),
    "INT32": NumberKind(4, "i"),
    "INT64": NumberKind(8, "q"),
    "FP16": NumberKind(2, "e"),
    "BF16": NumberKind(2, ""),
    "FP32": NumberKind(4, "f"),
    "FP64": NumberKind(8, "d"),
}
"""The kinds of numbers by their names in the protocol. Numbers are little-endian."""

DATATYPES: Final = (*NUMBER_KINDS, BYTES)
"""The names of all kinds of elements."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor."""

    datatype: str
    """The kind of its elements: one of `DATATYPES`."""
    shape: tuple[int, ...]
    """Its shape; empty for one element without dimensions."""
    content: Buffer
    """Its elements in the order of rows, little-endian; those of BYTES have their length in 4 bytes before them."""

    @property
    def element_count(self) -> int:
        """How many elements it has."""
        return math.prod(self.shape)


def check(name: str, tensor: Tensor) -> None:
    """Sees that a tensor is what it says.

    Raises:
        InvalidArgumentError: INVALID_INPUT: its kind is unknown, or its content does not fit its shape.
    """
    if tensor.datatype not in DATATYPES:
        raise bad(name, f"is of the kind {tensor.datatype[:20]!r}; there are {', '.join(DATATYPES)}.")
    if len(tensor.shape) > _MOST_DIMENSIONS or any(length < 0 for length in tensor.shape):
        raise bad(name, f"has the shape {list(tensor.shape[:_MOST_DIMENSIONS])}; lengths are at least 0.")
    if tensor.datatype == BYTES:
        count = sum(1 for _ in _elements(name, tensor.content, tensor.element_count))
        if count != tensor.element_count:
            raise bad(name, f"has {count} elements; its shape {list(tensor.shape)} has {tensor.element_count}.")
        return
    expected = tensor.element_count * NUMBER_KINDS[tensor.datatype].size_bytes
    if len(tensor.content) != expected:
        text = f"has {len(tensor.content)} bytes; its shape {list(tensor.shape)} of {tensor.datatype} takes {expected}."
        raise bad(name, text)


def strings(name: str, tensor: Tensor) -> list[bytes]:
    """Returns the elements of a tensor of BYTES.

    Raises:
        InvalidArgumentError: INVALID_INPUT: it is of another kind, or its lengths are wrong.
    """
    if tensor.datatype != BYTES:
        raise bad(name, f"is of the kind {tensor.datatype}; BYTES is expected.")
    return list(_elements(name, tensor.content, tensor.element_count))


def numbers(name: str, tensor: Tensor) -> Sequence[float] | Sequence[int] | Sequence[bool]:
    """Returns the elements of a tensor of numbers or truth values, whose size was checked.

    Raises:
        InvalidArgumentError: INVALID_INPUT: it is of BYTES.
    """
    if tensor.datatype == BYTES:
        raise bad(name, "is of the kind BYTES; numbers are expected.")
    if tensor.datatype == "BF16":
        # It is the upper half of single precision.
        halves = struct.unpack(f"<{tensor.element_count}H", tensor.content)
        return struct.unpack(f"<{len(halves)}f", struct.pack(f"<{len(halves)}I", *(half << 16 for half in halves)))
    return struct.unpack(f"<{tensor.element_count}{NUMBER_KINDS[tensor.datatype].code}", tensor.content)


def of_strings(items: Iterable[bytes], shape: Sequence[int]) -> Tensor:
    """Makes a tensor of BYTES."""
    content = b"".join(piece for item in items for piece in (_LENGTH.pack(len(item)), item))
    return Tensor(BYTES, tuple(shape), content)


def of_numbers(name: str, datatype: str, items: Sequence[float], shape: Sequence[int]) -> Tensor:
    """Makes a tensor of numbers or truth values.

    Args:
        name: What it is called, for errors.
        datatype: The kind; FP16 and BF16 are none that lists of numbers are made of.
        items: The numbers in the order of rows.
        shape: The shape.

    Raises:
        InvalidArgumentError: INVALID_INPUT: a number does not fit the kind.
    """
    kind = NUMBER_KINDS.get(datatype)
    if kind is None or datatype in ("FP16", "BF16"):
        raise bad(name, f"is of the kind {datatype[:20]!r}, which cannot be written as a list of numbers; send it raw.")
    try:
        if kind.code == "?":
            content = bytes(_truth(item) for item in items)
        else:
            packed = array.array(kind.code, items)
            if sys.byteorder == "big":
                packed.byteswap()
            content = packed.tobytes()
    except (OverflowError, TypeError, ValueError) as error:
        raise bad(name, f"holds what is no {datatype}: {error}.") from error
    return Tensor(datatype, tuple(shape), content)


def bad(name: str, problem: str) -> OrchestrionError:
    """Builds the error that says what is wrong with an input."""
    return Reason.INVALID_INPUT.error(f"Input `{name}` {problem}", field=f"inputs.{name}")


def _truth(item: object) -> int:
    if item is True or item is False or item in (0, 1):
        return int(bool(item))
    raise ValueError(f"{item!r}")


def _elements(name: str, content: Buffer, expected: int) -> Iterable[bytes]:
    """Yields the elements of a tensor of BYTES, and one more where there are more than expected."""
    view = memoryview(content)
    place, count = 0, 0
    while place < len(view) and count <= expected:
        start = place + _LENGTH.size
        if start > len(view):
            raise bad(name, f"ends in the length of its element {count}.")
        place = start + _LENGTH.unpack_from(view, place)[0]
        if place > len(view):
            raise bad(name, f"ends in its element {count}, which is to have {place - start} bytes.")
        yield bytes(view[start:place])
        count += 1
