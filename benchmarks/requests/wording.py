"""Texts compared as a reader would, and whether a refusal names the words that it is about."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_MARKS: Final = re.compile("[\"'\u201c\u201d\u201e\u00ab\u00bb\u300c\u300d\u2018\u2019.,!?;:\u3002\u3001\u2026]+")
_SPACES: Final = re.compile(r"\s+")
_UNSPACED: Final = "\u3040-\u30ff\u3400-\u9fff"
"""Japanese and Chinese characters: no spaces are between their words."""
_WORD: Final = re.compile(rf"([{_UNSPACED}]+)|[^\W{_UNSPACED}]+")
_QUOTED: Final = re.compile("`([^`]+)`|\"([^\"]+)\"|\u201c([^\u201d]+)\u201d|'([^']{2,})'")
_POSSIBLE: Final = re.compile("It can plan|can plan:")
_SMALL_WORDS: Final = frozenset(Path(__file__).with_name("small_words.txt").read_text("utf-8").split())


@dataclass(frozen=True, slots=True)
class Naming:
    """How a message names the words of a request that cannot be met."""

    named: bool
    """Whether it quotes one of the parts whole, or half of its words, or no word of the request but of such parts."""
    sharply: bool
    """Whether, besides, at least half of the words that it quotes are of such parts."""


def squeezed(text: str) -> str:
    """Returns a text in lower case, without punctuation and with single spaces."""
    return _SPACES.sub(" ", _MARKS.sub(" ", unicodedata.normalize("NFC", text).casefold())).strip()


def naming(message: str, parts: Sequence[str], request: str) -> Naming:
    """Tells whether a message names what cannot be met.

    Args:
        message: What the planner says.
        parts: The words of the request that cannot be met, each part as it stands there.
        request: The request.
    """
    # What a message lists as possible names nothing, so that quotations before it alone are read; all where none is.
    head = _POSSIBLE.split(message)[0]
    quotations = [part for groups in _QUOTED.findall(head) for part in groups if part]
    text = " ".join(quotations) if quotations else head
    beyond = frozenset().union(*map(_words, parts))
    quoted = _words(text) & _words(request)
    telling = quoted - _SMALL_WORDS
    named = (
        any(squeezed(part) in squeezed(text) for part in parts)
        or any(len(_words(part) & quoted) * 2 >= len(_words(part)) for part in parts)
        or (bool(telling) and telling <= beyond)
    )
    return Naming(named, named and len(telling & beyond) * 2 >= len(telling))


def _words(text: str) -> frozenset[str]:
    """Returns the words of a text; pairs of characters where no spaces are between words."""
    words = set()
    for match in _WORD.finditer(squeezed(text)):
        run = match[0]
        words |= {run[at : at + 2] for at in range(max(1, len(run) - 1))} if match[1] else {run}
    return frozenset(words)
