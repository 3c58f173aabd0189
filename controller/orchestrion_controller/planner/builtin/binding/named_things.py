"""Names of things in a request of any language: `斑马` in `数斑马`, whole, wherever a reader cut its letters apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from orchestrion_controller.languages import folders, function_words
from orchestrion_controller.languages.answers import words_of
from orchestrion_controller.languages.messages import ENGLISH
from orchestrion_controller.languages.phrases import Phrases, fold, word_boundary

_SPACE: Final = " "


@dataclass(frozen=True, slots=True)
class NamedThing:
    """A thing whose name stands in a request."""

    start: int
    """Where it begins, in characters."""
    end: int
    name: str
    """What detectors call it, in English."""


class NamedThings:
    """The things whose names stand in one request, as its language lists them."""

    def __init__(self, text: str, language: str) -> None:
        """Looks for them, from left to right; of several at one place, the longest counts.

        Args:
            text: The request.
            language: Its tag.
        """
        self._text = text
        self._language = language
        folded = fold(text)
        names = _names(language)
        self._things: list[NamedThing] = []
        place = 0
        while place < len(folded):
            ends = [
                (end, name)
                for end, name in (names.at(folded, place) if word_boundary(folded, place) else ())
                if word_boundary(folded, end)
            ]
            if ends:
                self._things.append(NamedThing(place, *ends[-1]))
            place = ends[-1][0] if ends else place + 1

    def outside(self, spans: Sequence[tuple[int, int]]) -> list[NamedThing]:
        """Returns what stands outside of some stretches of the request, each from its first to its last character."""
        return [
            thing for thing in self._things if not any(thing.start < end and start < thing.end for start, end in spans)
        ]

    def beside(self, spans: Sequence[tuple[int, int]]) -> list[str]:
        """Returns what is named outside of some stretches of the request, each once."""
        return list(dict.fromkeys(thing.name for thing in self.outside(spans)))

    def within(self, start: int, end: int) -> list[str]:
        """Returns what words name, in order, where names of things are all that they say; nothing where it is not.

        A name of which the words have a part is theirs as a whole.

        Args:
            start: Where the words begin, in characters.
            end: Where they end.
        """
        things = [thing for thing in self._things if thing.start < end and start < thing.end]
        letters = list(self._text[start:end])
        for thing in things:
            first, last = max(thing.start, start) - start, min(thing.end, end) - start
            letters[first:last] = _SPACE * (last - first)
        counters = words_of(self._language).counters
        rest = "".join(letters).split()
        if all(part in counters or function_words.only(part, self._language) for part in rest):
            return list(dict.fromkeys(thing.name for thing in things))
        return []


@cache
def _names(language: str) -> Phrases[str]:
    # What there are words for in any language: English has its own for all of them.
    things = dict.fromkeys(name for tag in folders.load() for name in words_of(tag).listed_things)
    phrases: Phrases[str] = Phrases()
    for name in things if language == ENGLISH else words_of(language).listed_things:
        for form in words_of(language).thing_forms(name):
            phrases.slot(form, name)
    return phrases
