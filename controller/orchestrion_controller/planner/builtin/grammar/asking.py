"""The question that a clause asks, in its own words."""

# ruff: noqa: RUF001 - Requests have the marks of many scripts.
from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from orchestrion_controller.planner.builtin.grammar.cutting import Parts
from orchestrion_controller.planner.builtin.grammar.lexicon import Lexicon
from orchestrion_controller.planner.builtin.grammar.meanings import Sense
from orchestrion_controller.planner.builtin.grammar.mentions import Mention
from orchestrion_controller.planner.builtin.grammar.phrases import Mark
from orchestrion_controller.planner.builtin.grammar.spans import PREPOSITIONS, skip_fillers
from orchestrion_controller.planner.builtin.grammar.words import Token, stem

_ENDS: Final = frozenset(".!?。！？")
_BREAKS: Final = frozenset(",.;:!?…，。；：！？、()-–—")
_SUBJECTS: Final = frozenset({"i", "we", "you", "ich", "wir"})
_LEAST_TEXT_WORDS: Final = 5
_AUXILIARIES: Final = frozenset(
    map(stem, ("do", "does", "did", "should", "must", "can", "could", "may", "will", "shall", "have", "has", "had"))
)


def question(text: str, words: Sequence[Token], lexicon: Lexicon, named: Sequence[Mention]) -> str:
    """Finds the question in a clause, word for word, without the words for the text that it is put to.

    Empty where nothing is asked, or nothing that has content of its own ("what is this?").
    """
    sources = lexicon["according"].find(words)
    first = _beginning(words, lexicon, {index for mark in sources for index in mark.matched})
    if first is None:
        return ""
    if first and words[first - 1].text in PREPOSITIONS:
        first -= 1
    last = next((index for index in range(first, len(words)) if words[index].text in _ENDS), len(words))
    while last + 1 < len(words) and lexicon["clarifiers"].at(words, last + 1):
        last = next((index for index in range(last + 1, len(words)) if words[index].text in _ENDS), len(words))
    asked = last < len(words) and words[last].text in "?？"
    last = next((mark.start for mark in sources if first < mark.start < last), last)
    last = _without_source(words, first, last, lexicon, {mention.position for mention in named})
    while last > first and words[last - 1].text in _BREAKS:
        last -= 1
    while last > first and lexicon["joiners"].at(words, last - 1):
        last -= 1
    acts = {index for mark in lexicon["harmless_acts"].find(words) for index in mark.matched}
    nouns = {index for mark in lexicon.nouns.find(words) for index in mark.matched}
    # Who "signed" asks for more than a sign, and who "runs" it for more than to run something.
    verbs = {index for index in nouns if text[: words[index].end].endswith("ed")}
    verbs = acts | {index for index in verbs if words[index].text not in lexicon.little_words}
    content = [
        word
        for index, word in enumerate(words[first:last], first)
        if word.is_word and (index in verbs or (index not in nouns and word.text not in lexicon.function_words))
    ]
    if not content:
        return ""
    return text[words[first].start : words[last - 1].end] + ("?" if asked else "")


def is_put_to_text(words: Sequence[Token], cues: Sequence[Mark[Sense]], lexicon: Lexicon, request: Parts) -> bool:
    """Whether a question about what somebody does or should do is put to a text that the request gives."""
    texts = [item.text for item in request.quoted] + [block.given.text for block in request.given]
    given = next((index for index, word in enumerate(words) if word.text), 0)
    opening = skip_fillers(words, given, lexicon)
    if not cues or opening + 2 >= len(words) or not any(len(text.split()) >= _LEAST_TEXT_WORDS for text in texts):
        return False
    if not lexicon["questions"].at(words, opening) or any(opening in mark.matched for mark in cues):
        return False
    asked = any(word.text in "?？" for word in words if word.text)
    return asked and words[opening + 1].text in _AUXILIARIES and words[opening + 2].text not in {"you", ""}


def _beginning(words: Sequence[Token], lexicon: Lexicon, covered: set[int]) -> int | None:
    """Finds where a question begins: at the first word that asks, which in a statement may only follow "tell me"."""
    opening = skip_fillers(words, 0, lexicon)
    states = opening > 0 and words[opening - 1].text in _SUBJECTS
    if opening < len(words) and lexicon["polar_questions"].at(words, opening) and lexicon["facts"].find(words):
        # "I have two notes" asks for nothing.
        return None if states else opening
    asked = any(word.text in "?？" for word in words if word.text)
    led_in = {
        index + 1 for sort in ("telling", "fillers") for mark in lexicon[sort].find(words) for index in mark.matched
    }
    courteous = {index for mark in lexicon["fillers"].find(words) for index in mark.matched}
    starts = [mark.start for mark in lexicon["questions"].find(words) if mark.start not in covered | courteous]
    tells = opening < len(words) and bool(lexicon["telling"].at(words, opening))
    starts = [start for start in starts if asked or covered or tells or start <= opening or start in led_in]
    return starts[0] if starts else None


def _without_source(words: Sequence[Token], first: int, last: int, lexicon: Lexicon, named: set[int]) -> int:
    """Cuts "… in scan.png" or "… in this picture" off the end of a question."""
    position = last - 1
    while position > first + 1 and words[position].text in lexicon.function_words | {""}:
        if words[position - 1].text in PREPOSITIONS and any(
            words[index].start in named for index in range(position, last)
        ):
            return position - 1
        position -= 1
    return last
