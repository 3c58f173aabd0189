"""Words as the built-in planner compares them: folded, without endings, misspellings mended."""

# ruff: noqa: RUF001 - Requests have the marks of many scripts.
from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_EAST_ASIAN: Final = "\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff"
_NUMBER: Final = r"(?:\d+(?:[.,]\d+)?|(?<![\w.])\.\d+)"
_WORD: Final = rf"(?:(?![{_EAST_ASIAN}_\d])\w)(?:(?![{_EAST_ASIAN}_])\w)*"
_TOKEN: Final = re.compile(rf"[{_EAST_ASIAN}]|{_NUMBER}|{_WORD}|['’]|[^\w\s]")
_MINUS: Final = "minus"
_KEPT: Final = frozenset("…#%&")
_MOST_MENDED: Final = 20_000
# Words that without their ending would be others.
_WHOLE: Final = frozenset(
    {"note", "is", "news", "during", "sing", "ring", "bring", "string", "spring", "king", "thing"}
)
_ENDINGS: Final = ("ing", "ed", "es", "s")
_BEFORE_IS: Final = frozenset({"what", "that", "it", "where", "who", "how", "here", "there"})
_WITH_IS: Final = frozenset({"whats", "thats", "wheres", "whos", "hows"})
_AFTER_APOSTROPHE: Final = frozenset({"s", "d", "ll", "re", "m", "ve"})


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a sign of punctuation, or a span of the request that was set aside (a quotation, a file name)."""

    text: str
    """As `stem` leaves it; empty for a span set aside."""
    start: int
    end: int

    @property
    def is_word(self) -> bool:
        """Whether it can be part of a phrase."""
        return self.text[:1].isalnum()


def tokens(text: str, set_aside: Iterable[tuple[int, int]] = ()) -> list[Token]:
    """Cuts a text into tokens; East Asian scripts, which have no spaces, into single characters."""
    found: list[Token] = []
    position = 0
    for start, end in sorted(set_aside):
        found += _cut(text, position, start)
        found.append(Token("", start, end))
        position = end
    return found + _cut(text, position, len(text))


def phrase(text: str) -> tuple[str, ...]:
    """Cuts a phrase of the lexicon or a cue into words; `…` stays, for words left open, and `#`, for a number."""
    return tuple(token.text for token in tokens(text) if token.is_word or token.text in _KEPT)


class Vocabulary:
    """The words that are spelt right, and which of them one slip of the fingers turns into another."""

    def __init__(self, words: Iterable[str], known: Iterable[str] = (), short: Mapping[str, str] | None = None) -> None:
        """Indexes words, as `stem` leaves them, by themselves and by what is left of them without one letter.

        Args:
            words: Those that misspelt words are taken for.
            known: Others that are spelt right, too.
            short: What people write in a hurry, and the words that it stands for.
        """
        self._short = short or {}
        meant = frozenset(words)
        self._words = meant | frozenset(known)
        self._near: dict[str, list[str]] = {}
        for word in sorted(meant):
            if len(word) > 2 and word.isascii() and word.isalpha():
                for form in _shortened(word):
                    self._near.setdefault(form, []).append(word)
        self._mended: dict[str, str] = {}

    def __contains__(self, word: object) -> bool:
        """Whether a word is one of them."""
        return word in self._words

    def mended(self, found: Iterable[Token]) -> list[Token]:
        """Replaces words that are probably misspelt."""
        return [Token(self._mend(token.text), token.start, token.end) if token.is_word else token for token in found]

    def _mend(self, word: str) -> str:
        word = self._short.get(word, word)
        if word in self._words or len(word) < 4 or not word.isascii() or not word.isalpha():
            return word
        known = self._mended.get(word)
        if known is None:
            near = {other for form in _shortened(word) for other in self._near.get(form, ()) if _is_near(word, other)}
            known = min(near, key=lambda other: (len(other) != len(word), other), default=word)
            if len(self._mended) < _MOST_MENDED:
                self._mended[word] = known
        return known


def _shortened(word: str) -> set[str]:
    """Lists a word and what is left of it without one letter: words that share a form are near each other."""
    return {word, *(word[:index] + word[index + 1 :] for index in range(len(word)))}


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """Folds case and accents and takes common endings off, alike for all languages: only equality counts."""
    # Accents go, but not the marks that change a Japanese or Indian letter.
    decomposed = unicodedata.normalize("NFKD", word.casefold())
    folded = unicodedata.normalize("NFC", "".join(char for char in decomposed if not "\u0300" <= char <= "\u036f"))
    if folded in _WHOLE:
        return folded
    for ending in _ENDINGS:
        if folded.endswith(ending) and len(folded) - len(ending) >= 3:
            folded = folded[: -len(ending)] if folded != "notes" else "note"
            break
    if folded in _WHOLE:
        return folded
    return folded[:-1] if folded.endswith("e") and len(folded) > 3 else folded


def _cut(text: str, start: int, end: int) -> list[Token]:
    found: list[Token] = []
    after_apostrophe = False
    for match in _TOKEN.finditer(text, start, end):
        word = match.group()
        if (
            word in "-;"
            and text[match.start() - 1 : match.start()].isalnum()
            and text[match.end() : match.end() + 1].isalnum()
        ):
            # "One-line", "tl;dr": parts of a word.
            continue
        if word in "-−" and _is_sign(text, match.start()):
            found.append(Token(stem(_MINUS), *match.span()))
            continue
        if word in "'’":
            after_apostrophe = True
            continue
        if after_apostrophe and word in _AFTER_APOSTROPHE:
            if word == "s" and found and found[-1].text in _BEFORE_IS:
                found.append(Token("is", *match.span()))
        elif word.casefold() in _WITH_IS:
            found += [Token(stem(word), *match.span()), Token("is", *match.span())]
        else:
            found.append(Token(stem(word) if word[0].isalnum() else word, *match.span()))
        after_apostrophe = False
    return found


def _is_sign(text: str, position: int) -> bool:
    """Whether a minus belongs to the number after it: "-3 dB", but not "2 - 3"."""
    before = text[position - 1 : position] if position else ""
    return text[position + 1 : position + 2].isdigit() and (not before or before.isspace() or before == "(")


def _is_near(word: str, other: str) -> bool:
    """Whether one slip of the fingers lies between two words: letters swapped, one wrong, one too few or too many."""
    longer, shorter = (word, other) if len(word) >= len(other) else (other, word)
    if len(longer) - len(shorter) > 1 or len(shorter) < 3:
        return False
    if len(longer) == len(shorter):
        wrong = [index for index, (a, b) in enumerate(zip(word, other, strict=True)) if a != b]
        if len(wrong) == 2:
            first, second = wrong
            return second == first + 1 and word[first] == other[second] and word[second] == other[first]
        # In a short word one other letter makes another word.
        return len(wrong) == 1 and len(word) >= 5 and wrong[0] > 0
    if len(longer) < 5 or word[0] != other[0]:
        return False
    at = next((index for index, (a, b) in enumerate(zip(shorter, longer, strict=False)) if a != b), len(shorter))
    return shorter[at:] == longer[at + 1 :]
