"""Where one part of a request ends and the next begins."""

# ruff: noqa: RUF001 - Requests have the marks of many scripts.
from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from orchestrion_controller.planner.builtin.lexicon import Lexicon
from orchestrion_controller.planner.builtin.words import Token

PUNCTUATION: Final = frozenset(".,;:!?…，。；：！？、–—()")
_SENTENCE_ENDS: Final = frozenset(".!?。！？;；")


def spans(words: Sequence[Token], lexicon: Lexicon) -> list[tuple[int, int]]:
    """Cuts the tokens where, after punctuation or a joiner, the words of another step begin."""
    continued = {index for mark in lexicon.senses.find(words) for index in mark.matched if index > mark.start}
    continued |= {index for mark in lexicon.options.find(words) for index in mark.matched if index > mark.start}
    starts = [0]
    index = 0
    while index < len(words):
        joiner = lexicon["joiners"].at(words, index)
        if words[index].text in PUNCTUATION or joiner:
            ends_sentence = words[index].text in _SENTENCE_ENDS
            index = max((mark.end for mark in joiner), default=index + 1)
            verb = skip_fillers(words, index, lexicon)
            # What a comma sets off may lie inside a question: "what does the sign, the blue one, say".
            inside = verb in continued
            begins = ends_sentence or (joiner and is_strange_verb(words, verb, lexicon))
            begins = begins or (joiner and _begins_another(words, starts[-1], index, lexicon))
            if verb < len(words) and not inside and (begins or begins_step(words, verb, lexicon)):
                starts.append(index)
        else:
            index += 1
    return [(start, end) for start, end in zip(starts, [*starts[1:], len(words)], strict=True) if start < end]


def _begins_another(words: Sequence[Token], start: int, index: int, lexicon: Lexicon) -> bool:
    """Whether, after a joiner, another thing is named with what to do to it: "one blurred and the second grey"."""
    end = next((at for at in range(index, len(words)) if words[at].text in PUNCTUATION), len(words))
    parts = (words[start:index], words[index:end])
    places = [lexicon.ordinals.find(part) for part in parts]
    cues = [lexicon.senses.find(part) for part in parts]
    if not all(places) or not all(cues):
        return False
    # "Read the first and the second aloud" is one step, "… and a blurred version of the second" is another.
    return cues[1][0].start < places[1][0].start or all(any(mark.value.mode for mark in part) for part in cues)


def begins_step(words: Sequence[Token], index: int, lexicon: Lexicon) -> bool:
    """Whether words that may ask for something begin at a token."""
    sorts = ("telling", "questions", "polar_questions", "acts", "harmless_acts")
    return bool(lexicon.senses.at(words, index)) or any(lexicon[sort].at(words, index) for sort in sorts)


def is_strange_verb(words: Sequence[Token], index: int, lexicon: Lexicon) -> bool:
    """Whether an unknown word asks for something to be done to a thing: "frobnicate it"."""
    if index + 1 >= len(words) or not words[index].is_word or words[index].text in lexicon.function_words:
        return False
    known = (lexicon.senses, lexicon.nouns, lexicon.options, lexicon.amounts, lexicon["acts"], lexicon["abilities"])
    if any(sort.at(words, index) for sort in known):
        return False
    return bool(lexicon["pronouns"].at(words, index + 1) or lexicon["articles"].at(words, index + 1))


def skip_fillers(words: Sequence[Token], index: int, lexicon: Lexicon) -> int:
    """Returns the index of the first token from one on that is neither a courtesy nor punctuation."""
    while index < len(words):
        fillers = lexicon["fillers"].at(words, index)
        if not fillers and words[index].text not in PUNCTUATION:
            break
        index = max((mark.end for mark in fillers), default=index + 1)
    return index
