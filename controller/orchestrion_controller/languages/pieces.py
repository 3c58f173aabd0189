"""The pieces of a text that the grammar has a word for: phrases, parts of compounds, and what is written in digits."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from orchestrion_controller.languages.lexicon import Kinds, Lexicon
from orchestrion_controller.languages.phrases import ORDINAL_SIGNS, word_boundary

_LONGEST_COMPOUND: Final = 60
_GAPS: Final = frozenset({"", " ", "-", "  "})
"""What may stand between the words of one amount."""
_TO_DIGITS: Final = frozenset("._/@\\:-")
"""After one of these, digits belong to what stands before: `clip-2.mp4`."""
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
        return _compound(text, start, lexicon, set()) or []
    return []


def _compound(text: str, start: int, lexicon: Lexicon, dead: set[int]) -> list[Token] | None:
    """Splits a word that begins with a number into phrases, longest first; None where that cannot be done."""
    for end, kinds in reversed([*lexicon.phrases.at(text, start)]):
        begins = kinds.keys() & {"number", "scale", "half", "fraction", "article"}
        if not kinds or end in dead or len(dead) > _LONGEST_COMPOUND or not (begins or dead):
            continue
        if word_boundary(text, end):
            return [Token(start, end, kinds)]
        rest = _compound(text, end, lexicon, dead | {start})
        if rest:
            return [Token(start, end, kinds), *rest]
        dead.add(end)
    return None


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
    joined = last is not None and last.end == start and ("unit" not in last.kinds or text[last.start - 1].isdigit())
    if start and text[start - 1].isalnum() and not word_boundary(f"a{text[start - 1]}", 1) and not joined:
        return False
    if start and text[start] in "+-" and text[start - 1].isalnum():
        return False
    before = text[start - 1] if start else " "
    if before in _TO_DIGITS and start > 1 and text[start - 2].isalnum() and not (last and last.end == start - 1):
        return False
    after = text[end] if end < len(text) else " "
    if after in "._" and text[end + 1 : end + 2].isalnum() and text[end + 1] not in ORDINAL_SIGNS:
        return False
    return not (after.isalpha() and not word_boundary(f"a{after}", 1)) or bool(_words(text, end, lexicon))


def _end(match: re.Match[str] | None) -> int:
    return match.end() if match else 0
