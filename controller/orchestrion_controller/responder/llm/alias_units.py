"""Where something in brackets begins and ends in a text that may still go on: an alias, or a link. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_OPENING: Final = "[\uff3b\u3010\u3014\u3016\u301a\u27e6{\uff5b"
_CLOSING: Final = "]\uff3d\u3011\u3015\u3017\u301b\u27e7}\uff5d"
_STRONG: Final = "\u3010\u3014\u3016\u301a\u27e6"
"""Brackets one of which is as good as two."""
_MOST_BRACKETS: Final = 3
_LONGEST_INNER: Final = 240
"""Characters of the longest file name, and some more."""
_LONGEST_TARGET: Final = 300
_INDEX: Final = re.compile(r"\[\d{1,4}\]")
_BEGUN_INDEX: Final = re.compile(r"\[\d{0,4}")
_TARGET: Final = re.compile(r"[(\uff08]([^()\uff08\uff09\n]*)[)\uff09]")

BEGINNING: Final = re.compile(rf"!?[{re.escape(_OPENING)}]|!\Z")
"""Where such a thing may begin; an exclamation mark makes a link a picture."""


@dataclass(frozen=True, slots=True)
class Bracketed:
    """Something in brackets."""

    inner: str
    """What stands between them."""
    is_double: bool
    """Whether there are two of them or more, or one that is as good as two."""
    end: int
    """Where it ends in the text."""
    is_closed: bool = True
    """Whether it is whole; false where the text ended inside it."""
    target: str | None = None
    """What stands in round brackets right behind it, as in a link; None where nothing does."""
    target_end: int = 0
    """Where that ends."""


class Undecided(Exception):
    """The text ends before it is clear."""


def read(text: str, start: int, names: Sequence[str] = (), *, is_whole: bool = False) -> Bracketed | None:
    """Reads what begins at a place.

    Args:
        text: The text.
        start: Where an opening bracket stands, perhaps after an exclamation mark.
        names: Names with brackets in them, which may stand inside.
        is_whole: Whether the text does not go on.

    Returns:
        None where it is nothing of that kind, whatever follows.

    Raises:
        Undecided: It depends on what follows.
    """
    place, brackets = start + text.startswith("!", start), 0
    while place < len(text) and text[place] in _OPENING and brackets < _MOST_BRACKETS:
        place, brackets = place + 1, brackets + 1
    first, begin = text[place - 1 : place], place
    place = _end_of_inner(text, begin, names, is_whole=is_whole)
    if place < 0 or not brackets:
        return None
    inner = text[begin:place]
    closed = 0
    while place < len(text) and text[place] in _CLOSING and closed < brackets:
        place, closed = place + 1, closed + 1
    if closed < brackets and place == len(text) and not is_whole:
        raise Undecided
    if closed < brackets and not (is_whole and place == len(text)):
        return None
    is_double = brackets > 1 or first in _STRONG
    target = _target(text, place, is_whole=is_whole)
    return Bracketed(inner, is_double, place, closed == brackets, *(target or ()))


def _end_of_inner(text: str, begin: int, names: Sequence[str], *, is_whole: bool) -> int:
    """Finds the closing bracket; below zero where there is none on the line."""
    for name in names:
        if text.startswith(name, begin):
            return begin + len(name)
        if not is_whole and name.startswith(text[begin:]):
            raise Undecided
    place = begin
    while place < len(text) and text[place] not in _CLOSING:
        if text[place] in _OPENING:
            index = _INDEX.match(text, place) if place > begin else None
            if index is None and not is_whole and place > begin and _BEGUN_INDEX.fullmatch(text, place):
                raise Undecided
            if index is None:
                return -1
            place = index.end()
            continue
        if text[place] == "\n" or place - begin >= _LONGEST_INNER:
            return -1
        place += 1
    if place == len(text) and not is_whole:
        raise Undecided
    return place


def _target(text: str, place: int, *, is_whole: bool) -> tuple[str, int] | None:
    if match := _TARGET.match(text, place):
        return match[1], match.end()
    rest = text[place : place + _LONGEST_TARGET]
    open_still = not rest or (rest[0] in "(\uff08" and not re.search(r"[)\uff09\n]|.[(\uff08]", rest))
    if open_still and len(rest) < _LONGEST_TARGET and not is_whole:
        raise Undecided
    return None
