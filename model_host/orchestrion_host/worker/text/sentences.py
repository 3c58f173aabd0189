"""Splits a text into sentences: pure rules for the punctuation of European and East Asian languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from orchestrion_host.worker.text import abbreviations, lines

MAX_CHARACTERS: Final = 800
"""The longest sentence; a longer one is cut at a comma or a space, since text without any punctuation exists too."""

CLOSERS: Final = "\"'\u201d\u2019\u00bb\u203a)]}\u300d\u300f\uff09\u3011\u300b"
"""Quotes and brackets that close, straight, European and East Asian."""

_ENDING: Final = re.compile(
    rf"(?P<mark>[.!?\u2026\u061f\u06d4\u0964]+)[{re.escape(CLOSERS)}]*(?=\s|$)|[\u3002\uff01\uff1f\uff61]+[{re.escape(CLOSERS)}]*"
)
_OPENERS: Final = re.compile(r"[\s\"'\u2018-\u201e\u00ab\u00bb\u2039\u203a(\[{\u00bf\u00a1*_\u2013\u2014-]*")
_SENTENCE_START: Final = re.compile(r"(?:^|[.!?]\s+)[\"'\u201c(]?([^\W\d_])")
_CUT: Final = re.compile(r"[;:,\u3001\uff0c\uff1b\uff1a]\s*|\s+")
_HYPHEN_AT_LINE_END: Final = re.compile(r"(?<=[^\W\d_])[-\u00ad]\n\s*(?=[a-zà-ÿ])")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, and where it is in its text."""

    text: str
    """The sentence on one line: breaks of lines are spaces, words that were hyphenated there are whole."""
    start: int
    """Where it begins, in characters from 0."""
    end: int
    """The character after its last."""
    is_complete: bool
    """Whether it ends as sentences do; headings and items of lists do not."""


def split(text: str) -> list[Sentence]:
    """Splits a text into its sentences, in order; white space between them belongs to none.

    Breaks of lines inside a paragraph count as spaces, those between paragraphs, headings and items of lists as ends
    (`lines`). A full stop after an abbreviation, an initial or an ordinal number ends nothing (`abbreviations`). In
    text that is written without capital letters, a small letter may begin a sentence.
    """
    starts = _SENTENCE_START.findall(text)
    is_casual = sum(letter.islower() for letter in starts) * 2 > len(starts)
    sentences: list[Sentence] = []
    for start, end in lines.units(text):
        for first, last in _sentences(text, start, end, is_casual):
            for place, stop in _bounded(text, first, last):
                sentences.append(Sentence(one_line(text[place:stop]), place, stop, bool(_ends(text[place:stop]))))
    return sentences


def one_line(text: str) -> str:
    """Puts a text on one line, words whole that were hyphenated at the end of a line."""
    return " ".join(_HYPHEN_AT_LINE_END.sub("", text).split())


def _ends(text: str) -> bool:
    return any(match.end() == len(text) for match in _ENDING.finditer(text))


def _sentences(text: str, start: int, end: int, is_casual: bool) -> Iterator[tuple[int, int]]:
    first = start
    for match in _ENDING.finditer(text, start, end):
        stop = match.end()
        if match["mark"] is None or stop == end or _is_end(text, first, match, end, is_casual):
            yield from _trimmed(text, first, stop)
            first = stop
    yield from _trimmed(text, first, end)


def _is_end(text: str, first: int, match: re.Match[str], end: int, is_casual: bool) -> bool:
    """Whether a mark with white space behind it ends a sentence, judged by the words on both of its sides."""
    opening = _OPENERS.match(text, match.end(), end)
    following = text[opening.end() : opening.end() + 40] if opening else ""
    if following[:1].islower() and not (is_casual and match.end("mark") == match.end()):
        return False
    if match["mark"] != ".":
        return True
    # A few words are enough, and keep the work linear in text that is all abbreviations.
    return not abbreviations.continues(text[max(first, match.start() - 40) : match.start()], following)


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    piece = text[start:end]
    if piece.strip():
        yield start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip())


def _bounded(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while end - start > MAX_CHARACTERS:
        cuts = [match.end() for match in _CUT.finditer(text, start + MAX_CHARACTERS // 2, start + MAX_CHARACTERS)]
        commas = [place for place in cuts if not text[place - 1].isspace() or text[place - 2] in ";:,"]
        stop = (commas or cuts or [start + MAX_CHARACTERS])[-1]
        yield from _trimmed(text, start, stop)
        start = stop
    yield from _trimmed(text, start, end)
