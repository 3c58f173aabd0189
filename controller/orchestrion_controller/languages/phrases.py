"""Phrases found in texts: folded letter by letter, so that places stay the same, and looked up in a trie."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, Generic, TypeAlias, TypeVar

T = TypeVar("T")
_Node: TypeAlias = dict[str, Any]  # By letter the next node; under "" what the phrase up to here stands for.

_ALIKE: Final = {"\u2019": "'", "\u2018": "'", "\u2212": "-", "\u2010": "-", "\u2011": "-", "\u2013": "-"}
_FIRST_IDEOGRAPH: Final = 0x2E80
_HANGUL: Final = range(0xAC00, 0xD7B0)
"""From the first ideograph on, scripts write without spaces, Hangul excepted."""


def fold(text: str) -> str:
    """Returns a text of the same length in small letters, without accents, wide forms and kinds of spaces."""
    return "".join(map(_fold, text))


@lru_cache(maxsize=8192)
def _fold(character: str) -> str:
    if character.isspace():
        return " "
    if superscript(character):
        return character
    plain = unicodedata.normalize("NFKC", character)
    if len(plain) != 1:
        return character  # "½" stays one character.
    base = unicodedata.normalize("NFD", plain)[0]
    folded = (base if base.isascii() else _ALIKE.get(plain, plain)).lower()
    return folded if len(folded) == 1 else character


def word_boundary(text: str, place: int) -> bool:
    """Says whether no word goes on across a place: scripts without spaces have a boundary everywhere."""
    if not 0 < place < len(text):
        return True
    return not all(spaced(letter) and letter.isalpha() for letter in text[place - 1 : place + 1])


def superscript(character: str) -> bool:
    """Says whether a character is written raised, as the signs of ordinals in Spanish are."""
    return unicodedata.decomposition(character).startswith("<super>")


def spaced(character: str) -> bool:
    """Says whether a letter or digit is one of a script that puts spaces between words."""
    return character.isalnum() and (ord(character) < _FIRST_IDEOGRAPH or ord(character) in _HANGUL)


class Phrases(Generic[T]):
    """A trie of folded phrases. Looking one up takes as many steps as it has letters, however many there are."""

    def __init__(self) -> None:
        self._root: _Node = {}

    def slot(self, phrase: str, default: T) -> T:
        """Returns what a phrase stands for, `default` from now on where it is new."""
        node = self._root
        for letter in fold(phrase):
            node = node.setdefault(letter, {})
        value: T = node.setdefault("", default)
        return value

    def at(self, text: str, start: int) -> Iterator[tuple[int, T]]:
        """Yields the ends and values of the phrases that stand at a place of a folded text, shortest first."""
        node = self._root
        for place in range(start, len(text)):
            following = node.get(text[place])
            if following is None:
                return
            node = following
            if "" in node:
                yield place + 1, node[""]


class GappedPhrases:
    """Phrases in which `…` stands for any words: "put … in other words"."""

    def __init__(self, phrases: Sequence[str]) -> None:
        """Takes the phrases; where several begin at a place, the longest counts."""
        longest_first = sorted(map(fold, phrases), key=len, reverse=True)
        parts = [r".{1,60}?".join(map(re.escape, phrase.split("…"))) for phrase in longest_first]
        self._pattern = re.compile("|".join(parts)) if parts else None

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Yields where phrases begin and end in a text, none of them within a word."""
        folded = fold(text)
        for match in self._pattern.finditer(folded) if self._pattern else ():
            if all(word_boundary(folded, place) for place in match.span()):
                yield match.span()
