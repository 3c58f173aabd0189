"""What kind of answer a question asks for, and where a passage has something of that kind. Pure rules for English."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from orchestrion.values import JsonObject
from orchestrion_host.worker.text import lexicon, words

_PIECE: Final = re.compile(r"<([a-z]+)>")
_FIRST_WORD: Final = re.compile(r"(\w+)\W*")
_ENUMERATION: Final = re.compile(r"\s*,?\s*(?:and|&)\s*|\s*,\s*")


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a passage, in characters from its beginning."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class AnswerType:
    """What a question may ask for: a person, a date, a number, a place and so on."""

    name: str
    question: re.Pattern[str]
    """Found in questions that ask for it."""
    answer: re.Pattern[str]
    """Found in passages that have it."""
    exception: re.Pattern[str] | None
    """Matches what looks like it and is none."""

    def spans(self, passage: str, question_words: frozenset[str]) -> list[Span]:
        """Finds the pieces of a passage that are of this kind, in order.

        Args:
            passage: The passage.
            question_words: The stems of the words of the question: what only repeats them is no answer.
        """
        spans = [Span(*match.span()) for match in self.answer.finditer(passage)]
        if self.name == "person":
            spans = _joined([name for span in spans for name in _names(passage, span, question_words)], passage)
        texts = [passage[span.start : span.end] for span in spans]
        return [
            span
            for span, text in zip(spans, texts, strict=True)
            if not (self.exception and self.exception.match(text)) and not question_words.issuperset(words.stems(text))
        ]


def of(question: str) -> AnswerType | None:
    """Returns what a question asks for; None where any kind of answer will do."""
    return next((kind for kind in _kinds() if kind.question.search(question)), None)


@cache
def _kinds() -> Sequence[AnswerType]:
    data = lexicon.answer_types()
    pieces: dict[str, str] = {}
    for name, pattern in data["pieces"].items():
        pieces[name] = _filled(pattern, pieces)
    return [_kind(name, entry, pieces) for name, entry in data["kinds"].items()]


def _kind(name: str, entry: JsonObject, pieces: Mapping[str, str]) -> AnswerType:
    exception = entry.get("not")
    return AnswerType(
        name,
        re.compile(_filled(entry["question"], pieces), re.IGNORECASE),
        re.compile(_filled("|".join(entry["answers"]), pieces), re.IGNORECASE if entry.get("any_case") else 0),
        re.compile(f"(?:{_filled(exception, pieces)})$") if exception else None,
    )


def _filled(pattern: str, pieces: Mapping[str, str]) -> str:
    return _PIECE.sub(lambda match: pieces[match[1]], pattern)


def _names(passage: str, span: Span, question_words: frozenset[str]) -> Iterator[Span]:
    """Leaves out words with a capital letter for another reason, as the first of a sentence, and what was asked."""
    start = span.start
    while first := _FIRST_WORD.match(passage, start, span.end):
        word = first[1]
        names_nobody = words.is_common(word) or word.casefold() in lexicon.english("calendar")
        if not names_nobody and words.stem(word) not in question_words:
            break
        start = first.end()
    if start < span.end and not question_words.intersection(words.stems(passage[start : span.end])):
        yield Span(start, span.end)


def _joined(spans: Sequence[Span], passage: str) -> list[Span]:
    """Joins names that are listed one after the other."""
    joined: list[Span] = []
    for span in spans:
        if joined and _ENUMERATION.fullmatch(passage, joined[-1].end, span.start):
            joined[-1] = Span(joined[-1].start, span.end)
        else:
            joined.append(span)
    return joined
