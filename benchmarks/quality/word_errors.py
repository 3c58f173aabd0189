"""Word error rate: how many words must be put in, taken out or exchanged, among those that were said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_NUMBERS: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
# What is said alike and written otherwise is no fault of who hears.
_SPELLINGS: Final = {"mr": "mister", **{str(number): word for number, word in enumerate(_NUMBERS)}}
_WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)?")


def words(text: str) -> list[str]:
    """Returns the words of a text in one spelling, without punctuation."""
    return [
        _SPELLINGS.get(word, word)
        for word in _WORD.findall(text.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))
    ]


def errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """Counts the words that must be put in, taken out or exchanged (Levenshtein's distance of words)."""
    distances = list(range(len(heard) + 1))
    for row, word in enumerate(said, 1):
        before, distances[0] = distances[0], row
        for column, other in enumerate(heard, 1):
            best = min(distances[column] + 1, distances[column - 1] + 1, before + (word != other))
            before, distances[column] = distances[column], best
    return distances[-1]
