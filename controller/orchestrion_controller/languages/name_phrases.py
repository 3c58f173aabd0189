"""The phrases of a language that name languages, as its folder lists them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from orchestrion_controller.languages.language import Data, Language
from orchestrion_controller.languages.lexicon import spellings
from orchestrion_controller.languages.phrases import fold


class NamedTag(NamedTuple):
    """What a phrase names."""

    tag: str
    """Empty for what only looks like a language's name."""
    needs_capital: bool
    """Whether the name in small letters is another word: English `polish`."""


_NO_NAME: Final = NamedTag("", needs_capital=False)


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
