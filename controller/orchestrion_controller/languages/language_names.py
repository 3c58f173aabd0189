"""Names of languages in a text, in each of the languages that there are folders for, inflected as people write them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from orchestrion_controller.languages.folders import load
from orchestrion_controller.languages.name_phrases import NamedTag, names
from orchestrion_controller.languages.phrases import Phrases, fold, word_boundary


@dataclass(frozen=True)
class LanguageName:
    """A language that a text names."""

    start: int
    end: int
    """Places of characters in the text."""
    tag: str
    """BCP 47: `de`, `gsw`, `pt-BR`, `zh-Hant`."""


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


def name_of(tag: str, language: str) -> str:
    """Returns what a language is called in another, or in English; the tag where neither has a name for it."""
    languages = load()
    for listed in (languages[name].names for name in (language, "en") if name in languages):
        for part in (tag, tag.partition("-")[0]):
            if part in listed:
                return str(listed[part]).partition(",")[0].strip()
    return tag
