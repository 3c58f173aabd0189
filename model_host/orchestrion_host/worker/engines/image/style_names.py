"""The styles that a description names, and whether it asks for anything else, which a network of styles cannot draw."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import yaml

_FILE: Final = Path(__file__).with_name("styles.yaml")
# Chinese characters and kana stand without spaces between words.
_UNSPACED: Final = r"\u3040-\u30ff\u3400-\u9fff"
_WORD: Final = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")


@dataclass(frozen=True, slots=True)
class Request:
    """What a description asks for."""

    styles: tuple[int, ...]
    """The numbers of the styles that it names, in the order in which it names them."""
    rest: str
    """Its words that are no part of that; empty where there are none."""


@dataclass(frozen=True, slots=True)
class Styles:
    """All styles, and what people call them."""

    names: tuple[str, ...]
    """The names by number."""
    words: tuple[tuple[re.Pattern[str], int], ...]
    """What finds each phrase for a style, the longest phrases first, and the number of the style."""
    small_words: frozenset[str]
    """Words, and single characters of scripts without spaces, that say nothing of what is to be seen."""

    def read(self, text: str) -> Request:
        """Finds the styles in a description; a phrase within a longer one counts no more."""
        left = text.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
        places: dict[int, int] = {}
        for pattern, number in self.words:
            for match in pattern.finditer(left):
                places[number] = min(match.start(), places.get(number, match.start()))
            left = pattern.sub(lambda match: "\0" * len(match[0]), left)
        rest = [word for word in _WORD.findall(left.replace("\0", " ")) if word not in self.small_words]
        return Request(tuple(sorted(places, key=lambda number: places[number])), " ".join(rest))


@cache
def styles() -> Styles:
    """Reads the styles."""
    data = yaml.safe_load(_FILE.read_text("utf-8"))
    phrases = [
        (phrase, number)
        for number, style in enumerate(data["styles"])
        for phrase in dict.fromkeys((style["name"], *style["words"]))
    ]
    phrases.sort(key=lambda item: -len(item[0]))
    return Styles(
        tuple(style["name"] for style in data["styles"]),
        tuple((_pattern(phrase), number) for phrase, number in phrases),
        frozenset((*data["small_words"].split(), "s", *data["small_characters"])),
    )


def _pattern(phrase: str) -> re.Pattern[str]:
    """Makes what finds a phrase: whole words where words have spaces between them, with or without a genitive."""
    written = re.escape(phrase).replace(r"\ ", r"[\s-]+")
    if re.search(f"[{_UNSPACED}]", phrase):
        return re.compile(written)
    edge = rf"[^\W{_UNSPACED}]"
    return re.compile(rf"(?<!{edge}){written}(?:'s?)?(?!{edge})")
