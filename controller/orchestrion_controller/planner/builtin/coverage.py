"""Whether all that a part of a request asks for is understood; a plan for half of it would be no answer."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from orchestrion_controller.planner.builtin.lexicon import Lexicon, Sense
from orchestrion_controller.planner.builtin.phrases import Mark
from orchestrion_controller.planner.builtin.spans import is_strange_verb, skip_fillers
from orchestrion_controller.planner.builtin.words import Token, stem

_NOT: Final = stem("not")
_RELATIVE: Final = (["you", "can"], ["you", "could"], ["do", "you"])
_SPEAKERS: Final = frozenset({"i", "we", "he", "she", "they", "ich", "wir", "je", "yo"})


def uncovered(
    text: str,
    words: Sequence[Token],
    cues: Sequence[Mark[Sense]],
    bound: Collection[int],
    lexicon: Lexicon,
    *,
    is_fault_told: bool = False,
) -> str:
    """Finds words for something that no cue stands for.

    Args:
        text: The request.
        words: The tokens of a part of it.
        cues: The cues among them.
        bound: The indices of tokens that are taken as they are: a question, labels.
        lexicon: The words to know.
        is_fault_told: Whether the part before says what is wrong, so that "fix it" is clear.

    Returns:
        The words as they are written; empty when all is understood.
    """
    meant = [set(mark.matched) for mark in cues]
    meant += [set(mark.matched) for mark in outputs(words, lexicon)]
    known = {index for matched in meant for index in matched} | set(bound)
    for act in lexicon["acts"].find(words):
        if not _is_asked(words, act.start, lexicon) or (is_fault_told and lexicon["repairs"].at(words, act.start)):
            continue
        if not known & set(act.matched) and not _has_object(words, act, known, lexicon):
            return _written(text, words, act.start, _end_of_object(words, act.end))
    for ability in lexicon["abilities"].find(words):
        matched = set(ability.matched)
        if not matched & set(bound) and not any(matched <= other for other in meant):
            return _written(text, words, ability.start, ability.end)
    return "" if known else _unknown(text, words, lexicon)


def outputs(words: Sequence[Token], lexicon: Lexicon) -> list[Mark[str]]:
    """Finds words for outputs; "how many" with a noun after it asks for something else."""
    found = []
    for mark in lexicon.outputs.find(words):
        after = words[mark.end] if mark.end < len(words) else None
        if after is None or not after.is_word or after.text in lexicon.function_words:
            found.append(mark)
    return found


def has_content(words: Sequence[Token], lexicon: Lexicon) -> bool:
    """Whether a part says something of its own, beside words of the lexicon."""
    sorts = (lexicon.options, lexicon.amounts, lexicon.nouns, lexicon.outputs)
    known = {index for sort in sorts for mark in sort.find(words) for index in mark.matched}
    return any(
        word.is_word and index not in known and word.text not in lexicon.function_words
        for index, word in enumerate(words)
    )


def _is_asked(words: Sequence[Token], index: int, lexicon: Lexicon) -> bool:
    """Whether a verb asks for something: it is no noun ("the label"), and not part of "all that you can find"."""
    before = [word.text for word in words[max(0, index - 2) : index]]
    is_noun = index > 0 and (bool(lexicon["articles"].at(words, index - 1)) or before[-1:] in (["a"], ["an"]))
    is_denied = before[-1:] == ["t"] or before[-1:] == [_NOT]
    return not (is_noun or is_denied) and before not in _RELATIVE


def _has_object(words: Sequence[Token], act: Mark[None], known: Collection[int], lexicon: Lexicon) -> bool:
    """Whether what an act is done to is something that is understood."""
    index = act.end
    while index < len(words):
        if index in known:
            return True
        little = words[index].text in lexicon.function_words or lexicon.options.at(words, index)
        if not little and words[index].is_word:
            return False
        index += 1
    return False


def _end_of_object(words: Sequence[Token], start: int) -> int:
    end = start
    while end < min(start + 3, len(words)) and words[end].is_word:
        end += 1
    return end


def _unknown(text: str, words: Sequence[Token], lexicon: Lexicon) -> str:
    """Finds what is asked for in a part without a cue: "make it red", "frobnicate it"."""
    if lexicon.options.find(words) or lexicon.amounts.find(words) or lexicon["repeats"].find(words):
        return ""
    start = skip_fillers(words, 0, lexicon)
    if start >= len(words):
        return ""
    if {word.text for word in words[:start]} & _SPEAKERS:
        # "I recorded this" tells, and asks for nothing.
        return ""
    acts = lexicon["harmless_acts"].at(words, start)
    nouns = {index for mark in lexicon.nouns.find(words) for index in mark.matched}
    if acts:
        content = [
            index
            for index, word in enumerate(words)
            if word.is_word and index not in nouns and word.text not in lexicon.function_words
        ]
        return _written(text, words, start, content[-1] + 1) if content and not _is_text(words) else ""
    return _written(text, words, start, start + 2) if is_strange_verb(words, start, lexicon) else ""


def _is_text(words: Sequence[Token]) -> bool:
    return any(not word.text for word in words)


def _written(text: str, words: Sequence[Token], start: int, end: int) -> str:
    return text[words[start].start : words[end - 1].end]
