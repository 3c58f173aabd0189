"""The pieces of a text that the grammar has a word for: phrases, parts of compounds, and what is written in digits."""

from __future__ import annotations

import re
import unicodedata
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from orchestrion_controller.languages.lexicon import Kinds, Lexicon
from orchestrion_controller.languages.phrases import spaced, superscript, word_boundary

_MOST_PARTS: Final = 60
_BEGINS_COMPOUND: Final = frozenset({"number", "scale", "half", "fraction", "article"})
_GAPS: Final = frozenset({"", " ", "-", "  "})
"""What may stand between the words of one amount."""
_TO_DIGITS: Final = frozenset("._/@\\:-")
"""After one of these, digits belong to what stands before: `clip-2.mp4`."""
_IN_NAMES: Final = frozenset("._")
"""Before one of these and a letter, they belong to what follows: `2.jpg`."""
_REST: Final = re.compile(r"[\w.]*")


@dataclass(frozen=True)
class Token:
    """A piece of a text that the grammar has a word for."""

    start: int
    end: int
    """Places in the text."""
    kinds: Kinds
    """What it may be."""


def adjacent(text: str, before: Token, after: Token) -> bool:
    """Says whether nothing but a space or a hyphen stands between two tokens."""
    return text[before.end : after.start] in _GAPS


def pieces(text: str, lexicon: Lexicon) -> Iterator[Token]:
    """Yields the pieces of a folded text in order, each in one reading: the longest."""
    digits = _digits(lexicon.decimal, lexicon.thousands)
    place = 0
    last: Token | None = None
    while place < len(text):
        if match := digits.match(text, place):
            token = _digits_token(match, lexicon)
            if _stands_alone(text, token, last, lexicon):
                last = token
                yield token
                place = token.end
            else:
                place = max(token.end, _end(_REST.match(text, token.end)))
            continue
        chain = _words(text, place, lexicon) if word_boundary(text, place) else []
        if chain:
            yield from chain
            last = chain[-1]
            place = last.end
        else:
            place += 1
            while not word_boundary(text, place):
                place += 1


def _words(text: str, start: int, lexicon: Lexicon) -> list[Token]:
    """Returns the longest phrase at a place, or the phrases that make up the compound there."""
    ends = [(end, kinds) for end, kinds in lexicon.phrases.at(text, start) if kinds]
    for end, kinds in reversed(ends):
        if word_boundary(text, end):
            return [Token(start, end, kinds)]
    if ends and lexicon.compounds:
        return _compound(text, start, lexicon)
    return []


def _compound(text: str, start: int, lexicon: Lexicon) -> list[Token]:
    """Splits a word that begins with a number into as few phrases as possible; empty where that cannot be done."""
    by_end: dict[int, Token] = {}
    ends = deque([start])
    while ends and len(by_end) < _MOST_PARTS:
        place = ends.popleft()
        if place > start and word_boundary(text, place):
            parts = [by_end[place]]
            while parts[-1].start > start:
                parts.append(by_end[parts[-1].start])
            return parts[::-1]
        for end, kinds in lexicon.phrases.at(text, place):
            if kinds and end not in by_end and (place > start or kinds.keys() & _BEGINS_COMPOUND):
                by_end[end] = Token(place, end, kinds)
                ends.append(end)
    return []


@cache
def _digits(decimal: str, thousands: str) -> re.Pattern[str]:
    """Returns the pattern of what is written in digits.

    A mark before three digits is one of thousands only where the language has it; any other is before decimals.
    """
    decimal, thousands = re.escape(decimal), re.escape(thousands)
    return re.compile(
        rf"""
        (?P<date>\d{{4}}-\d{{1,2}}-\d{{1,2}} | \d{{1,2}}([./])\d{{1,2}}\2\d{{4}})(?!\d)
        | (?P<colon>\d{{1,3}}(?::[0-5]\d){{1,2}})(?![:\d])
        | (?P<ratio>\d{{1,4}}:\d{{1,4}})(?![:\d])
        | (?P<part>\d{{1,4}}/\d{{1,4}})(?![/\d])
        | (?P<side>\d{{1,5}}(?=[ ]?[x\u00d7*][ ]?\d) | (?<=\d[x\u00d7*])\d{{1,5}} | (?<=\d[ ][x\u00d7*][ ])\d{{1,5}})
        | (?P<grouped>(?:(?<!\w)[-+])?\d{{1,3}}(?:[{thousands}]\d{{3}})+(?!\d)(?:[{decimal}]\d+)?)
        | (?P<digits>(?:(?<!\w)[-+])?\d+(?:[.,]\d+)?)
        | (?P<sign>[\u00bc-\u00be\u2150-\u215e])
        """,
        re.ASCII | re.VERBOSE,
    )


def _digits_token(match: re.Match[str], lexicon: Lexicon) -> Token:
    kind, text = match.lastgroup or "", match[0]
    groups = [int(group) for group in re.split("[-./:]", text)] if kind in ("date", "colon", "ratio", "part") else []
    if kind == "date":
        year, month, day = groups if groups[0] > 31 else reversed(groups)
        kinds: Kinds = {kind: float(year * 10_000 + month * 100 + day)}
    elif kind == "colon":
        seconds = sum(group * 60**power for power, group in enumerate(reversed(groups)))
        kinds = {kind: float(seconds), "groups": len(groups)}
    elif groups:
        kinds = {kind: groups[0] / groups[1]} if groups[1] else {"other": 1.0}
    elif kind == "sign":
        kinds = {"part": unicodedata.numeric(text)}
    elif kind == "grouped":
        kinds = {"digits": float(re.sub(f"[{re.escape(lexicon.thousands)}]", "", text).replace(",", "."))}
    else:
        kinds = {kind: float(text.replace(",", "."))}
    return Token(match.start(), match.end(), kinds)


def _stands_alone(text: str, token: Token, last: Token | None, lexicon: Lexicon) -> bool:
    """Says whether digits are a number of their own and no part of a name, such as `MP3`, `3D` or `take-2.wav`."""
    start, end = token.start, token.end
    before, earlier = text[start - 1 : start], text[start - 2 : start - 1]
    after, later = text[end : end + 1], text[end + 1 : end + 2]
    joined = last is not None and last.end == start and ("unit" not in last.kinds or text[last.start - 1].isdigit())
    if spaced(before) and (not joined or text[start] in "+-"):
        return False
    if before in _TO_DIGITS and spaced(earlier) and not (last and last.end == start - 1):
        return False
    if after in _IN_NAMES and spaced(later) and not superscript(later):
        return False
    return not (after.isalpha() and spaced(after)) or bool(_words(text, end, lexicon))


def _end(match: re.Match[str] | None) -> int:
    return match.end() if match else 0
