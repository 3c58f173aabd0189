"""Texts that a request gives without quotation marks."""

# ruff: noqa: RUF001 - Requests have the marks of many scripts.
from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from orchestrion_controller.planner.builtin.grammar.lexicon import Lexicon
from orchestrion_controller.planner.builtin.grammar.sources import Source
from orchestrion_controller.planner.builtin.grammar.words import tokens

_SEPARATORS: Final = (
    r"\s*\n\s*",
    r"\s*;\s*",
    r"\s+[|/]\s+",
    r"\s+vs\.?\s+",
    r"\s+(?:and|with|to|und|et|y)\s+",
    r"[和与]",
)
_MOST_SEARCHED: Final = 5000
_LEADING: Final = re.compile(
    r"^(?:\s|,|are|is|the|words?|sentences?|following|phrases?|texts?|me|please|for|aloud|out|loud|between)+(?=\s)\s*",
    re.IGNORECASE,
)


def pieces(source: Source, count: int, repeated: bool) -> list[Source]:
    """Cuts a text into as many as are needed, at the strongest separator that does; empty where none does."""
    for separator in _SEPARATORS:
        parts = [part for part in re.split(separator, str(source.value).strip()) if part]
        if len(parts) == count or (repeated and len(parts) > 1):
            return [replace(source, value=part, position=source.position + index) for index, part in enumerate(parts)]
    return []


def unquoted(text: str, lexicon: Lexicon) -> str:
    """Takes the words after a cue for the text that is meant ("say good morning"), options and courtesies left out.

    Empty when only words of the lexicon are left, which speak of a text and are none.
    """
    text = _LEADING.sub("", f" {text}").strip().rstrip("?!.。？！").strip()
    words = lexicon.vocabulary.mended(tokens(text))
    options, fillers = lexicon.options.find(words), lexicon["fillers"].find(words)
    ends = {mark.end: mark.start for mark in options} | {mark.end: mark.start for mark in fillers}
    while len(words) in ends:
        words = words[: ends[len(words)]]
        while words and not words[-1].is_word and words[-1].text != "":
            words.pop()
    if not any(word.is_word and word.text not in lexicon.function_words for word in words):
        return ""
    return text[words[0].start : words[-1].end]


def question_in(text: str) -> tuple[str, str]:
    """Splits a text into the question that it begins or ends with, and the rest; no question when it has none."""
    sentences = [match.group().strip() for match in re.finditer(r"[^.!?。！？]+[.!?。！？]*", text[:_MOST_SEARCHED])]
    for index in (0, -1):
        if sentences and sentences[index].endswith(("?", "？")):
            question = sentences[index]
            return question, text.replace(question, "", 1).strip()
    return "", text
