"""Words that only say why something is asked for: reasons, purposes, where a picture was taken."""

# ruff: noqa: RUF001 - Requests have the marks of many scripts.
from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from orchestrion_controller.planner.builtin.grammar.lexicon import Lexicon
from orchestrion_controller.planner.builtin.grammar.phrases import Mark
from orchestrion_controller.planner.builtin.grammar.spans import PUNCTUATION, begins_step, skip_fillers
from orchestrion_controller.planner.builtin.grammar.words import Token, stem

_SENTENCE_ENDS: Final = frozenset(".!?。！？;；")
_RELATIVES: Final = frozenset(map(stem, ("that", "which", "who", "whom", "where", "die", "das", "den", "que")))
_CAUSES: Final = frozenset(map(stem, ("because", "weil", "since", "as", "porque", "puisque", "car")))
_SO: Final = stem("so")
_SPEAKERS: Final = frozenset({"i", "we", "my", "our", "ich", "wir", "je", "yo"})


def without_reasons(words: Sequence[Token], lexicon: Lexicon) -> Sequence[Token]:
    """Leaves out the tokens of reasons, unless nothing that is asked for would be left.

    What they say is no task: "sharpen it, so that I can print it" asks for no print.
    """
    dropped: set[int] = set()
    for start, end in _sentences(words):
        opening = skip_fillers(words, start, lexicon)
        if opening < end and _is_question(words, opening, lexicon):
            continue
        for mark in lexicon["reasons"].find(words[start:end]):
            begin = start + mark.start
            last = _end(words, start + mark.end, end, lexicon, is_cause=words[begin].text in _CAUSES | _RELATIVES)
            if not _goes_on(words, start + mark.end, lexicon) and all(word.text for word in words[begin:last]):
                dropped |= set(range(begin, last))
        dropped |= _before_so(words, start, end, lexicon)
    rest = [word for index, word in enumerate(words) if index not in dropped]
    if not dropped or not (lexicon.senses.find(rest) or lexicon.options.find(rest) or lexicon.factors.find(rest)):
        return words
    return rest


def _sentences(words: Sequence[Token]) -> list[tuple[int, int]]:
    ends = [index + 1 for index, word in enumerate(words) if word.text in _SENTENCE_ENDS]
    return [(start, end) for start, end in zip([0, *ends], [*ends, len(words)], strict=True) if start < end]


def _is_question(words: Sequence[Token], opening: int, lexicon: Lexicon) -> bool:
    """Whether a question begins here that no cue is part of: all of its words belong to it."""
    if not any(lexicon[sort].at(words, opening) for sort in ("questions", "according")):
        return False
    return not any(opening in mark.matched for mark in lexicon.senses.at(words, opening))


def _goes_on(words: Sequence[Token], index: int, lexicon: Lexicon) -> bool:
    """Whether what follows says what the result is to be like: "so that it is twice as large"."""
    return index < len(words) and bool(lexicon["reason_pronouns"].at(words, index))


def _end(words: Sequence[Token], index: int, end: int, lexicon: Lexicon, *, is_cause: bool) -> int:
    while index < end and words[index].text not in PUNCTUATION:
        joiner: Sequence[Mark[None]] = lexicon["joiners"].at(words, index) if is_cause else ()
        if joiner:
            verb = skip_fillers(words, max(mark.end for mark in joiner), lexicon)
            if verb < end and begins_step(words, verb, lexicon):
                break
        index += 1
    return index


def _before_so(words: Sequence[Token], start: int, end: int, lexicon: Lexicon) -> set[int]:
    """Finds what comes before "…, so" and a step: "I want to print it later, so make it larger"."""
    if words[start].text not in _SPEAKERS:
        return set()
    for index in range(start + 1, end - 1):
        if words[index].text == _SO and words[index - 1].text in {",", "，"}:
            verb = skip_fillers(words, index + 1, lexicon)
            names = any(not word.text for word in words[start:index])
            if verb < end and begins_step(words, verb, lexicon) and not names:
                return set(range(start, index + 1))
    return set()
