"""Where the lines of a text belong together: paragraphs that were broken to a width, against headings and lists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_BLANK: Final = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*)+")
_BULLET: Final = r"[-*\u2022\u2023\u25aa\u2013\u2014]\s+"
_ITEM: Final = re.compile(rf"\s*(?:{_BULLET}|\(?\d{{1,3}}[.)]\s+|\(?[a-zA-Z][.)]\s+(?=\S{{2}}))")
_NARROW: Final = 30
"""Lines no longer than this are a sign or a poem rather than a column."""

_RAGGED: Final = 0.75
"""Of the width of a paragraph: letters are of different widths, so broken lines differ in how many they have."""


def units(text: str) -> Iterator[tuple[int, int]]:
    """Yields where each paragraph, heading or item of a list begins and ends, in order, with no blank line inside."""
    start = 0
    for gap in [*_BLANK.finditer(text), None]:
        end = gap.start() if gap else len(text)
        yield from _units_of_block(text, start, end)
        start = gap.end() if gap else len(text)


def _units_of_block(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    lines = text[start:end].split("\n")
    lengths = [len(line.strip()) for line in lines if line.strip()] or [0]
    width = max(lengths)
    # Headings and items of lists leave most of their lines free.
    is_broken = width > _NARROW and sum(length > _RAGGED * width for length in lengths[:-1]) * 2 >= len(lengths) - 1
    first = place = start
    for line, following in zip(lines, [*lines[1:], None], strict=True):
        place += len(line)
        if following is None or not _goes_on(line, following, width if is_broken else 0):
            if text[first:place].strip():
                yield first, place
            first = place + 1
        place += 1


def _goes_on(line: str, following: str, width: int) -> bool:
    """Whether the next line continues this one.

    A paragraph that was broken to a width has no room left in a line for the first word of the next.

    Args:
        line: The line.
        following: The next line.
        width: The width of the paragraph, in characters; 0 where it was not broken to one.
    """
    stripped, words = line.strip(), following.split()
    if not stripped or not words or _ITEM.match(following):
        return False
    if words[0][0].islower() or stripped[-1] in ",;-\u00ad":
        return True
    return width > 0 and len(stripped) + 1 + len(words[0]) > _RAGGED * width
