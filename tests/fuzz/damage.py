"""Bytes that are a message no longer, or never were one."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final


def damaged(content: bytes, random: Random) -> bytes:
    """Changes the bytes of a message in one to four places."""
    for _ in range(random.randint(1, 4)):
        content = random.choice(_WAYS)(content, random)
    return content


def noise(random: Random) -> bytes:
    """Makes bytes of any kind, a few or some thousands."""
    return random.randbytes(random.choice((1, 2, 8, 100, 5_000)))


def nested(random: Random) -> bytes:
    """Makes one field within another, hundreds deep: what is valid until a reader counts."""
    tag = random.randint(1, 15) << 3 | 2
    content = b""
    for _ in range(random.choice((20, 95, 150, 2_000))):
        content = bytes([tag]) + _varint(len(content)) + content
    return content


def _flipped(content: bytes, random: Random) -> bytes:
    if not content:
        return b"\x80"
    place = random.randrange(len(content))
    return content[:place] + bytes([content[place] ^ 1 << random.randrange(8)]) + content[place + 1 :]


def _cut(content: bytes, random: Random) -> bytes:
    return content[: random.randrange(len(content) + 1)]


def _repeated(content: bytes, random: Random) -> bytes:
    start = random.randrange(len(content) + 1)
    return content[:start] + content[start : start + random.randint(1, 50)] * random.randint(2, 5) + content[start:]


def _inserted(content: bytes, random: Random) -> bytes:
    place = random.randrange(len(content) + 1)
    return content[:place] + random.randbytes(random.randint(1, 8)) + content[place:]


def _without(content: bytes, random: Random) -> bytes:
    place = random.randrange(len(content) + 1)
    return content[:place] + content[place + random.randint(1, 8) :]


_WAYS: Final[tuple[Callable[[bytes, Random], bytes], ...]] = (_flipped, _cut, _repeated, _inserted, _without)


def _varint(number: int) -> bytes:
    content = bytearray()
    while number > 0x7F:
        content.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*content, number])
