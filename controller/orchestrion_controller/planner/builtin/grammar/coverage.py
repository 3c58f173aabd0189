"""Whether all that a part of a request asks for is understood; a plan for half of it would be no answer."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from orchestrion_controller.planner.builtin.grammar import naming
from orchestrion_controller.planner.builtin.grammar.lexicon import Lexicon
from orchestrion_controller.planner.builtin.grammar.meanings import Sense
from orchestrion_controller.planner.builtin.grammar.phrases import Mark
from orchestrion_controller.planner.builtin.grammar.spans import PUNCTUATION, begins_step, is_strange_verb, skip_fillers
from orchestrion_controller.planner.builtin.grammar.words import Token, stem

_NOT: Final = stem("not")
_ANY: Final = frozenset(map(stem, ("a", "an", "some", "another", "ein", "eine", "einen", "un", "une", "una")))
_LONGEST_RECEIVER: Final = 4
_MODALS: Final = frozenset(map(stem, ("should", "must", "might", "may", "cannot")))
_GIVE: Final = stem("give")
# "Give me a …" asks for what follows, which is no gift.
_SELVES: Final = frozenset({"me", "us", "mir", "uns", "moi", "nous"})
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
        follows_cue = any(index < act.start for index in known)
        if not _is_asked(words, act.start, lexicon, follows_cue=follows_cue) or (
            is_fault_told and lexicon["repairs"].at(words, act.start)
        ):
            continue
        if not known & set(act.matched) and not _has_object(words, act, known, lexicon):
            return _written(text, words, act.start, _end_of_object(words, act.end))
        other = _coordinated(words, act, known, lexicon)
        if other:
            return _written(text, words, *other)
    said = [set(mark.matched) for mark in lexicon.senses.find(words)] if cues else []
    for ability in [*lexicon["abilities"].find(words), *_deeds(words, lexicon)]:
        matched = set(ability.matched)
        if not matched & set(bound) and not any(matched <= other for other in [*meant, *said]):
            return _written(text, words, ability.start, ability.end)
    added = _added(words, known, lexicon)
    if added:
        return _written(text, words, *added)
    return "" if known else _unknown(text, words, lexicon)


def _deeds(words: Sequence[Token], lexicon: Lexicon) -> list[Mark[None]]:
    """Finds verbs for other things where they ask: at the beginning, or after a comma or a joiner."""
    found = lexicon["deeds"].find(words)
    if not found:
        return []
    starts = {0} | {index + 1 for index, word in enumerate(words) if word.text in PUNCTUATION}
    starts |= {mark.end for mark in lexicon["joiners"].find(words)}
    opening = {skip_fillers(words, start, lexicon) for start in starts}
    return [mark for mark in found if mark.start in opening]


def _coordinated(
    words: Sequence[Token], act: Mark[None], known: Collection[int], lexicon: Lexicon
) -> tuple[int, int] | None:
    """Finds a second object of an act that is not understood: "find the faces and the dogs"."""
    first = next((index for index in range(act.end, len(words)) if index in known), None)
    if first is None:
        return None
    end = first
    while end in known:
        end += 1
    if end >= len(words) or not (lexicon["joiners"].at(words, end) or lexicon["alternatives"].at(words, end)):
        return None
    thing = end + 1
    while thing < len(words) and (lexicon["articles"].at(words, thing) or lexicon.quantities.at(words, thing)):
        thing += 1
    if thing >= len(words) or not words[thing].is_word or thing in known:
        return None
    little = words[thing].text in lexicon.function_words or begins_step(words, thing, lexicon)
    is_last = thing + 1 >= len(words) or words[thing + 1].text in lexicon.function_words | PUNCTUATION
    return None if little or not is_last or lexicon.options.at(words, thing) else (thing, thing + 1)


def _added(words: Sequence[Token], known: Collection[int], lexicon: Lexicon) -> tuple[int, int] | None:
    """Finds something new that is to be put somewhere: "put a hat on every face"."""
    for mark in lexicon["places"].find(words):
        receives = words[mark.start].text == _GIVE
        end = min(mark.end + (_LONGEST_RECEIVER if receives else 1), len(words))
        article = next((index for index in range(mark.end, end) if words[index].text in _ANY), None)
        if article is None or mark.start in known or any(words[index].text in _SELVES for index in (mark.end, article)):
            continue
        thing = article + 1
        while thing < len(words) and lexicon["looks"].at(words, thing):
            thing += 1
        if thing >= len(words) or lexicon.options.at(words, thing):
            continue
        if thing not in known and words[thing].is_word and words[thing].text not in lexicon.function_words:
            return mark.start, thing + 1
    return None


def outputs(words: Sequence[Token], lexicon: Lexicon) -> list[Mark[str]]:
    """Finds words for outputs; "how many" with a noun after it asks for something else."""
    found = []
    # "Confidence above 0.6" gives a value.
    given = {index for mark in lexicon.amounts.find(words) for index in mark.matched}
    for mark in lexicon.outputs.find(words):
        if given & set(mark.matched):
            continue
        after = words[mark.end] if mark.end < len(words) else None
        if after is None or not after.is_word or after.text in lexicon.function_words:
            found.append(mark)
    return found


def has_content(words: Sequence[Token], lexicon: Lexicon) -> bool:
    """Whether a part says something of its own, beside words of the lexicon."""
    sorts = (lexicon.options, lexicon.amounts, lexicon.nouns, lexicon.outputs, lexicon.factors, lexicon.dimensions)
    others = (lexicon.directions, lexicon["complaints"], lexicon["fillers"])
    known = {index for sort in (*sorts, *others) for mark in sort.find(words) for index in mark.matched}
    return any(
        word.is_word and index not in known and word.text not in lexicon.function_words
        for index, word in enumerate(words)
    )


def _is_asked(words: Sequence[Token], index: int, lexicon: Lexicon, *, follows_cue: bool) -> bool:
    """Whether a verb asks for something: it is no noun ("the label"), and not part of "all that you can find"."""
    before = [word.text for word in words[max(0, index - 2) : index]]
    is_noun = index > 0 and (bool(lexicon["articles"].at(words, index - 1)) or before[-1:] in (["a"], ["an"]))
    is_denied = before[-1:] == ["t"] or before[-1:] == [_NOT]
    # So does "what is written".
    is_denied = is_denied or before == ["what", "is"]
    # In "how many faces can you find" it asks for nothing more.
    is_repeated = before[-1:] == ["you"] and before[:1] in (["can"], ["could"], ["do"], ["did"]) and follows_cue
    # "A drawing for the kids to colour" is for others to do.
    follows_modal = bool(before) and before[-1] in _MODALS and follows_cue
    serves = before[-1:] == ["to"] and follows_cue and not lexicon["fillers"].at(words, max(0, index - 2))
    return not (is_noun or is_denied or is_repeated or serves or follows_modal) and before not in _RELATIVE


def _has_object(words: Sequence[Token], act: Mark[None], known: Collection[int], lexicon: Lexicon) -> bool:
    """Whether what an act is done to is something that is understood."""
    index = act.end
    # "Reduce the speed by 20 %" says what, and how far.
    is_measured = bool(lexicon.factors.find(words) or lexicon.amounts.find(words))
    while index < len(words):
        if index in known or (is_measured and lexicon.dimensions.at(words, index)):
            return True
        little = words[index].text in lexicon.function_words or bool(
            lexicon.options.at(words, index) or lexicon["looks"].at(words, index)
        )
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
    if any(sort.find(words) for sort in (lexicon.options, lexicon.amounts, lexicon["repeats"])):
        return ""
    if (lexicon.factors.find(words) and lexicon.dimensions.find(words)) or named(text, words, lexicon):
        return ""
    start = skip_fillers(words, 0, lexicon)
    if start >= len(words):
        return ""
    if {word.text for word in words[:start]} & _SPEAKERS:
        # "I recorded this" tells, and asks for nothing.
        return ""
    if lexicon["past"].at(words, start) or text[words[start].start : words[start].end].endswith("ed"):
        # So does "found this in a drawer".
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


def named(text: str, words: Sequence[Token], lexicon: Lexicon) -> bool:
    """Whether a part gives a value by the name of its parameter: "use voice m2"."""
    return bool(words) and bool(naming.named(text, words[0].start, words[-1].end, lexicon, ()))


def _is_text(words: Sequence[Token]) -> bool:
    return any(not word.text for word in words)


def _written(text: str, words: Sequence[Token], start: int, end: int) -> str:
    return text[words[start].start : words[end - 1].end]
