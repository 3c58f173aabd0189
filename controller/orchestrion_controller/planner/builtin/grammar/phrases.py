"""Phrases that are looked up among the tokens of a request: with gaps, with numbers, the longest first."""

# ruff: noqa: RUF001 - Requests have the marks of many scripts.
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from orchestrion_controller.planner.builtin.grammar.words import Token, phrase

T = TypeVar("T")
_DIGITS: Final = re.compile(r"[0-9]+(?:[.,][0-9]+)?|\.[0-9]+")
_LONGEST_GAP: Final = 12
_SENTENCE_ENDS: Final = frozenset(".?!;。？！；")
GAP: Final = "…"
NUMBER: Final = "#"


@dataclass(frozen=True, slots=True)
class Mark(Generic[T]):
    """A phrase found among tokens."""

    value: T
    start: int
    """The index of its first token."""
    end: int
    """One past the index of its last token."""
    matched: tuple[int, ...]
    """The indices of the tokens that are part of it: all between, but for those that `…` stands for."""


class Phrases(Generic[T]):
    """Phrases of one sort and what they stand for. The longest phrase wins; equal ones keep all their values."""

    def __init__(self, items: Iterable[tuple[str, T]], numbers: Mapping[str, float] | None = None) -> None:
        """Indexes phrases by their first word.

        Args:
            items: The phrases with their values; `…` is a gap, `#` a number.
            numbers: The words for numbers, beside digits.
        """
        self._numbers = numbers or {}
        self._by_first: dict[str, list[tuple[tuple[str, ...], T]]] = {}
        for text, value in items:
            words = phrase(text)
            # An open end would match nothing, or anything.
            if not words or GAP in {words[0], words[-1]}:
                continue
            self._by_first.setdefault(words[0], []).append((words, value))

    def words(self) -> Iterator[str]:
        """Lists all words of all phrases."""
        for entries in self._by_first.values():
            for words, _ in entries:
                yield from (word for word in words if word not in {GAP, NUMBER})

    def single_words(self) -> Iterator[str]:
        """Lists the phrases that are one word."""
        for entries in self._by_first.values():
            yield from (words[0] for words, _ in entries if len(words) == 1 and words[0] != NUMBER)

    def find(self, tokens: Sequence[Token]) -> list[Mark[T]]:
        """Finds the phrases that do not overlap: those with more words first, then the shorter span, then the first."""
        found = [mark for start in range(len(tokens)) for mark in self.at(tokens, start)]
        found.sort(key=lambda mark: (-len(mark.matched), mark.end - mark.start, mark.start))
        kept: list[Mark[T]] = []
        taken: dict[int, Mark[T]] = {}
        for mark in found:
            others = {taken[index].matched for index in mark.matched if index in taken}
            # The same words may stand for several things.
            if not others or others == {mark.matched}:
                kept.append(mark)
                taken.update(dict.fromkeys(mark.matched, mark))
        return sorted(kept, key=lambda mark: mark.start)

    def at(self, tokens: Sequence[Token], start: int) -> list[Mark[T]]:
        """Finds the phrases that begin with one token."""
        entries: Iterable[tuple[tuple[str, ...], T]] = self._by_first.get(tokens[start].text, ())
        if NUMBER in self._by_first and self.number(tokens[start]) is not None:
            entries = [*entries, *self._by_first[NUMBER]]
        marks = []
        for words, value in entries:
            matched = self._match(words, tokens, start)
            if matched:
                marks.append(Mark(value, start, matched[-1] + 1, matched))
        return marks

    def number(self, token: Token) -> float | None:
        """Tells the number that a token is, in digits or as a word; None when it is none."""
        if _DIGITS.fullmatch(token.text):
            return float(token.text.replace(",", "."))
        return self._numbers.get(token.text)

    def _match(self, words: tuple[str, ...], tokens: Sequence[Token], start: int) -> tuple[int, ...]:
        """Matches a phrase from one token on; empty when it does not fit. `…` takes the fewest tokens it can."""
        if not words:
            return ()
        gap = words[0] == GAP
        first, rest = (words[1], words[2:]) if gap else (words[0], words[1:])
        for position in range(start, min(start + _LONGEST_GAP if gap else start + 1, len(tokens))):
            token = tokens[position]
            if token.text == first or (first == NUMBER and self.number(token) is not None):
                following = self._match(rest, tokens, position + 1)
                if following or not rest:
                    return (position, *following)
            if token.text in _SENTENCE_ENDS:
                break
        return ()
