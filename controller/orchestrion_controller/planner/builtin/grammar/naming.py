"""Values given by the name of their parameter: `speed 1.5`, `thresholds 50 and 150`, `the voice called anika`."""

# ruff: noqa: RUF001 - Requests have the marks of many scripts.
from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from orchestrion_controller.planner.builtin.grammar.lexicon import Lexicon
from orchestrion_controller.planner.builtin.grammar.meanings import Choice

_NUMBER: Final = r"(-?(?:\d+(?:\.\d+)?|\.\d+))"
_LINK: Final = r"(?:\s+(?:of|to|at|is|auf|von|de|a|à)\s+|\s*[=:]\s*|\s+)"
_JOIN: Final = r"(?:\s*(?:,|/|-|–|\.\.\.?)\s*(?:and\s+)?|\s+(?:and|to|und|bis|et|à|y|a|up\s+to)\s+)"
_CALLED: Final = r"(?:\s+(?:called|named|id|name|number|no\.?|namens|appelée|nommée|llamada))?\s*[=:]?\s*"
_IDENTIFIER: Final = r"(?:[a-z]{1,8}[-_+]?\d{1,3}\b|[a-z]{2,3}(?:[-_+][a-z0-9]+)+\b)"
_OPENING: Final = "[\"'“‘«]"
_CLOSING: Final = "[\"'”’»]"
# What people call the ends of a range, by how the parameters' names begin.
_ENDS: Final = {
    "low_": "low|lower|minimum|min",
    "high_": "high|higher|upper|maximum|max",
    "min_": "min|minimum|at least",
    "max_": "max|maximum|at most",
}


@dataclass(frozen=True, slots=True)
class Named:
    """A value with the parameter that it is given for."""

    choice: Choice
    start: int
    """Where the request says it."""
    end: int


def named(text: str, first: int, last: int, lexicon: Lexicon, asked: Collection[str]) -> list[Named]:
    """Finds the values that a part of a request gives by name.

    Args:
        text: The request.
        first: Where the part begins.
        last: Where it ends.
        lexicon: The words to know.
        asked: The task types that its cues can mean: only those have a range that is told without its name.
    """
    part = text[first:last]
    if len(part) > 1000:
        part = part[:500]
    pairs = list(_pairs(part, first, lexicon, asked))
    covered = [range(item.start, item.end) for item in pairs]
    ends = {name for pair in lexicon.pairs for name in pair}
    numbers = [
        item
        for item in _numbers(part, first, lexicon)
        if not any(item.start in span for span in covered)
        # "Low 30" says of what only beside a step that has a low and a high end.
        and (item.choice[0] not in ends or lexicon.takers[item.choice[0]] & set(asked))
    ]
    return [*pairs, *numbers, *_names(part, first, lexicon)]


def names(text: str, lexicon: Lexicon) -> list[tuple[int, int]]:
    """Tells where a request gives the names themselves, which may be in quotation marks and are no texts to work on."""
    return [(item.start, item.end) for item in _names(text[:2000], 0, lexicon)]


def _pairs(part: str, offset: int, lexicon: Lexicon, asked: Collection[str]) -> Iterator[Named]:
    for low, high in lexicon.pairs:
        word = low.split("_")[-1]
        told = rf"\b{word}s?\b{_LINK}?(?:between\s+|from\s+)?"
        if lexicon.takers[low] & set(asked):
            told = rf"(?:{told}|\b(?:between|from|range|with|at|zwischen|von|mit|entre|de|desde)\s+)"
        pattern = rf"{told}{_NUMBER}{_JOIN}{_NUMBER}\b(?!\s*(?:%|times|x\b|db|semi))"
        for match in re.finditer(pattern, part, re.IGNORECASE):
            start, end = offset + match.start(), offset + match.end()
            lower, upper = sorted((float(match.group(1)), float(match.group(2))))
            yield Named((low, lower), start, end)
            yield Named((high, upper), start, end)


def _numbers(part: str, offset: int, lexicon: Lexicon) -> Iterator[Named]:
    """Finds numbers after a parameter's name, or before it at an end of a range ("a low threshold of 30")."""
    pattern = _number_pattern(tuple(sorted(lexicon.number_parameters)))
    for match in pattern.finditer(part) if pattern else ():
        name = next(name for name, value in match.groupdict().items() if value)
        value = float(match.group(match.lastindex or 1)) if match.lastindex else 0.0
        yield Named((name, value), offset + match.start(), offset + match.end())


@lru_cache(maxsize=16)
def _number_pattern(parameters: tuple[str, ...]) -> re.Pattern[str] | None:
    if not parameters:
        return None
    called = []
    for name in sorted(parameters, key=len, reverse=True):
        end = next((end for end in _ENDS if name.startswith(end)), "")
        words = rf"(?:{_ENDS[end]})(?:[_ -]{name.removeprefix(end)})?" if end else name.replace("_", "[_ ]")
        called.append(f"(?P<{name}>{words}|{name})")
    return re.compile(
        rf"\b(?:{'|'.join(called)}){_LINK}{_NUMBER}\b(?!\s*(?:%|percent|semi|db|deci|octave))", re.IGNORECASE
    )


def _names(part: str, offset: int, lexicon: Lexicon) -> Iterator[Named]:
    for name, called in lexicon.name_parameters.items():
        word = "|".join(sorted(called))
        patterns = (
            rf"\b(?:{word}){_CALLED}(?P<value>{_IDENTIFIER})",
            rf"\b(?:{word})\s+(?:called|named|namens|appelée|nommée|llamada)\s+{_OPENING}?(?P<value>[\w+-]+){_CLOSING}?",
            rf"\b(?:with|using|use|in|mit|avec|con)\s+(?:the\s+)?(?:{word})\s+{_OPENING}(?P<value>[\w+-]+){_CLOSING}",
            rf"\b(?!mp[34])(?P<value>[a-z]{{1,2}}\d{{1,2}}|[a-z]{{2,3}}-[a-z]{{2,3}})(?:'s)?\s+(?:{word})\b",
        )
        for pattern in patterns:
            match = re.search(pattern, part, re.IGNORECASE)
            if match:
                yield Named((name, match.group("value")), offset + match.start(), offset + match.end())
                break
