"""The header `Range` (RFC 9110, section 14): which part of a file is wanted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_RANGE: Final = re.compile(r"bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*", re.IGNORECASE | re.ASCII)
_DIGITS: Final = 18


@dataclass(frozen=True, slots=True)
class ByteRange:
    """A part of a file."""

    first: int
    """Its first byte, from 0."""
    size_bytes: int
    """How many bytes it has, at least one."""

    def content_range(self, total_bytes: int) -> str:
        """Returns the header `Content-Range`."""
        return f"bytes {self.first}-{self.first + self.size_bytes - 1}/{total_bytes}"


class Unsatisfiable(Exception):
    """The file does not go as far as the range."""


def parse(header: str | None, total_bytes: int) -> ByteRange | None:
    """Reads the header; None where the whole file is to be sent: for none, several ranges, and what is no range.

    Raises:
        Unsatisfiable: No byte of the file is in the range.
    """
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or not any(match.groups()) or max(map(len, match.groups())) > _DIGITS:
        return None
    begin, end = match.groups()
    if not begin:
        size = min(int(end), total_bytes)
        if size == 0:
            raise Unsatisfiable
        return ByteRange(total_bytes - size, size)
    first, last = int(begin), int(end) if end else total_bytes - 1
    if end and last < first:
        return None
    if first >= total_bytes:
        raise Unsatisfiable
    return ByteRange(first, min(last, total_bytes - 1) - first + 1)
