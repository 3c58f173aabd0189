"""Where one part of a request ends and the next begins."""

# ruff: noqa: RUF001 - Requests have the marks of many scripts.
from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from orchestrion_controller.planner.builtin.grammar.lexicon import Lexicon
from orchestrion_controller.planner.builtin.grammar.words import Token, stem

PUNCTUATION: Final = frozenset(".,;:!?…，。；：！？、-–—()")
PREPOSITIONS: Final = frozenset(
    map(stem, ("in", "at", "on", "by", "to", "for", "from", "with", "of", "until", "since"))
)
_SENTENCE_ENDS: Final = frozenset(".!?。！？;；")
_ROUGHLY: Final = frozenset(map(stem, ("about", "roughly", "maybe", "around", "by", "perhaps")))


def spans(words: Sequence[Token], lexicon: Lexicon) -> list[tuple[int, int]]:
    """Cuts the tokens where, after punctuation or a joiner, the words of another step begin."""
    continued = {index for mark in lexicon.senses.find(words) for index in mark.matched if index > mark.start}
    continued |= {index for mark in lexicon.options.find(words) for index in mark.matched if index > mark.start}
    clarified = _clarified(words, lexicon)
    starts = [0]
    index = 0
    while index < len(words):
        joiner = lexicon["joiners"].at(words, index)
        if words[index].text in PUNCTUATION or joiner:
            ends_sentence = words[index].text in _SENTENCE_ENDS
            index = max((mark.end for mark in joiner), default=index + 1)
            verb = skip_fillers(words, index, lexicon)
            # What a comma sets off may lie inside a question: "what does the sign, the blue one, say".
            inside = verb in continued or verb in clarified or _is_bare_question(words, verb, lexicon)
            begins = ends_sentence or (joiner and is_strange_verb(words, verb, lexicon))
            begins = begins or (_begins_another(words, starts[-1], index, lexicon, is_joined=bool(joiner)))
            inside = inside or is_estimate(words, verb, lexicon)
            if verb < len(words) and not inside and (begins or begins_step(words, verb, lexicon)):
                starts.append(index)
        else:
            index += 1
    return [(start, end) for start, end in zip(starts, [*starts[1:], len(words)], strict=True) if start < end]


def _clarified(words: Sequence[Token], lexicon: Lexicon) -> set[int]:
    """Lists the tokens that go on with the question before them: "who pays? I mean the man who signed"."""
    found: set[int] = set()
    for mark in lexicon["clarifiers"].find(words):
        if mark.start and words[mark.start - 1].text in PUNCTUATION:
            ends = (index for index in range(mark.end, len(words)) if words[index].text in _SENTENCE_ENDS)
            found |= set(range(mark.start, next(ends, len(words))))
    return found


def _is_bare_question(words: Sequence[Token], index: int, lexicon: Lexicon) -> bool:
    """Whether a question word stands alone, so that the question before goes on: "who is coming and when?"."""
    marks = lexicon["questions"].at(words, index) if index < len(words) else []
    end = max((mark.end for mark in marks), default=0)
    is_last = bool(marks) and (end == len(words) or words[end].text in _SENTENCE_ENDS)
    return is_last and any(lexicon["questions"].at(words, before) for before in range(index))


def _names_with_option(part: Sequence[Token], lexicon: Lexicon) -> bool:
    """Whether a part names a file or gives a text, and says how it is to be: "talk.mp3 slower"."""
    if not any(not word.text for word in part):
        return False
    return any(sort.find(part) for sort in (lexicon.options, lexicon.amounts, lexicon.factors))


def _begins_another(words: Sequence[Token], start: int, index: int, lexicon: Lexicon, *, is_joined: bool) -> bool:
    """Whether, after a joiner, another thing is named with what to do to it: "one blurred and the second grey"."""
    end = next((at for at in range(index, len(words)) if words[at].text in PUNCTUATION), len(words))
    parts = (words[start:index], words[index:end])
    if _names_with_option(parts[0], lexicon) and _names_with_option(parts[1], lexicon):
        return True
    if not is_joined:
        return False
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


def is_estimate(words: Sequence[Token], index: int, lexicon: Lexicon) -> bool:
    """Whether a word such as `say` only comes before an amount: "lower, say 4 semitones"."""
    if index >= len(words) or not lexicon["telling"].at(words, index):
        return False
    number = index + 1
    while number < len(words) and (words[number].text in {",", "，"} or words[number].text in _ROUGHLY):
        number += 1
    return number < len(words) and any(sort.at(words, number) for sort in (lexicon.amounts, lexicon.factors))


def is_strange_verb(words: Sequence[Token], index: int, lexicon: Lexicon) -> bool:
    """Whether an unknown word asks for something to be done to a thing: "frobnicate it"."""
    if index + 1 >= len(words) or not words[index].is_word or words[index].text in lexicon.function_words:
        return False
    known = (lexicon.senses, lexicon.nouns, lexicon.options, lexicon.amounts, lexicon.factors, lexicon.directions)
    if any(sort.at(words, index) for sort in (*known, lexicon["acts"], lexicon["abilities"])):
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
