"""How large values are, worked out without their messages; and how large the outputs of a task may be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from orchestrion.errors import Reason
from orchestrion.values import ArtifactRef, Json, JsonData, Value

_NUMBERS_A_PART: Final = 8
"""Numbers of a list in structured data are packed: so many take as long as one other part."""


class ValueSize(NamedTuple):
    """The size of a value."""

    part_count: int
    """Items of lists and members of JSON in it, at any depth."""
    size_bytes: int
    """Bytes of its texts, numbers and names; what protobuf puts around them is left out, but for numbers in JSON."""

    def plus(self, other: ValueSize) -> ValueSize:
        """Returns the size of both."""
        return ValueSize(self.part_count + other.part_count, self.size_bytes + other.size_bytes)


@dataclass(frozen=True, slots=True)
class ResultBounds:
    """How large the outputs of one task may be: they are one event, which every reader of the run gets."""

    max_bytes: int
    """Their bytes; the setting `max_result_bytes`."""
    max_parts: int
    """Their parts; the setting `max_result_parts`."""

    def check(self, size: ValueSize, subject: str, **where: str) -> None:
        """Checks outputs, or as many of them as there are, before anything else is made of them.

        Args:
            size: Their size.
            subject: Whose outputs they are, as a sentence begins.
            **where: Metadata of the error.

        Raises:
            InvalidArgumentError: They are too large.
        """
        if size.size_bytes > self.max_bytes:
            much, setting = f"{size.size_bytes:,} bytes", f"max_result_bytes allows {self.max_bytes:,}"
        elif size.part_count > self.max_parts:
            much, setting = f"{size.part_count:,} parts", f"max_result_parts allows {self.max_parts:,}"
        else:
            return
        text = (
            f"{subject}: the outputs have {much} or more, and {setting}. "
            "Give it fewer items or a smaller input at once, or have the operator raise it."
        )
        raise Reason.RESULT_TOO_LARGE.error(text, where)


def size_of(value: Value) -> ValueSize:
    """Measures a value."""
    if isinstance(value, tuple | list):
        sizes = [size_of(item) for item in value]
        return total(sizes, len(sizes))
    if isinstance(value, Json):
        return _size_of_json(value.data)
    if isinstance(value, str):
        return ValueSize(0, _bytes_of(value))
    return ValueSize(0, _bytes_of(value.name) if isinstance(value, ArtifactRef) else 8)


def size_of_outputs(outputs: Mapping[str, Value]) -> ValueSize:
    """Measures outputs, each of which is a part."""
    return total([size_of(value) for value in outputs.values()], len(outputs))


def total(sizes: Iterable[ValueSize], part_count: int = 0) -> ValueSize:
    """Adds sizes up, and so many parts besides."""
    size_bytes = 0
    for size in sizes:
        part_count += size.part_count
        size_bytes += size.size_bytes
    return ValueSize(part_count, size_bytes)


def _size_of_json(data: JsonData) -> ValueSize:
    part_count, size_bytes, stack = 0, 0, [data]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            part_count += len(item)
            size_bytes += sum(map(_bytes_of, item))
            stack.extend(item.values())
        elif isinstance(item, list | tuple):
            if set(map(type, item)) <= {int, float}:
                part_count += -(-len(item) // _NUMBERS_A_PART)
                size_bytes += 11 * len(item)
            else:
                part_count += len(item)
                stack.extend(item)
        else:
            size_bytes += _bytes_of(item) if isinstance(item, str) else 8
    return ValueSize(part_count, size_bytes)


def _bytes_of(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
