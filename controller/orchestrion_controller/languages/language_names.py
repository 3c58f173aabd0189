"""Names of languages in a text, in each of the languages that there are folders for, inflected as people write them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

from orchestrion_controller.languages.folders import Data, Language, load
from orchestrion_controller.languages.lexicon import spellings
from orchestrion_controller.languages.phrases import Phrases, fold, word_boundary


@dataclass(frozen=True)
class LanguageName:
    """A language that a text names."""

    start: int
    end: int
    """Places of characters in the text."""
    tag: str
    """BCP 47: `de`, `gsw`, `pt-BR`, `zh-Hant`."""


class NamedTag(NamedTuple):
    """What a phrase names."""

    tag: str
    """Empty for what only looks like a language's name."""
    needs_capital: bool
    """Whether the name in small letters is another word: English `polish`."""


_NO_NAME: Final = NamedTag("", needs_capital=False)


def read(text: str) -> tuple[LanguageName, ...]:
    """Reads the names of languages in order; their spans do not overlap."""
    return tuple(_read(text))


def _read(text: str) -> Iterator[LanguageName]:
    folded, phrases = fold(text), _names()
    place = 0
    while place < len(text):
        following = place + 1
        if word_boundary(folded, place):
            for end, name in reversed([*phrases.at(folded, place)]):
                if word_boundary(folded, end) and not (name.needs_capital and not _capital_inside(text, place)):
                    if name.tag:
                        yield LanguageName(place, end, name.tag)
                    following = end
                    break
        place = following


def _capital_inside(text: str, place: int) -> bool:
    """Says whether a word begins with a capital that is not the one of its sentence."""
    before = text[max(place - 2, 0) : place].rstrip()[-1:]
    return text[place].isupper() and before not in ("", ".", "!", "?", ":")


@cache
def _names() -> Phrases[NamedTag]:
    phrases: Phrases[NamedTag] = Phrases()
    for language in load().values():
        for phrase, name in names(language):
            phrases.slot(phrase, name)
    return phrases


def names(language: Language) -> Iterator[tuple[str, NamedTag]]:
    """Yields the phrases of a language that name languages, or only seem to; the first of equals counts."""
    section = language.grammar.get("languages", {})
    endings = language.grammar.get("endings", {})
    for phrase in spellings(section["other"], endings) if "other" in section else ():
        yield phrase, _NO_NAME
    capital = {fold(phrase) for phrase in spellings(section.get("capital", ""), endings)}
    for tag, phrase in _listed(language, section, endings):
        yield phrase, NamedTag(tag, fold(phrase) in capital)


def _listed(language: Language, section: Data, endings: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yields tags and names: what people say, then those of the CLDR with the endings that they may have."""
    for tag, listed in section.get("names", {}).items():
        yield from ((tag, phrase) for phrase in spellings(listed, endings))
    inflections = section.get("endings", {})
    for tag, name in language.names.items():
        yield tag, name
        ending = max((ending for ending in inflections if name.endswith(ending)), key=len, default=None)
        if ending is not None:
            stem = name.removesuffix(ending)
            yield from ((tag, stem + other.strip()) for other in inflections[ending].split(","))
