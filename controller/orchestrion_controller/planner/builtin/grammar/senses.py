"""From cues to steps: which words of a clause ask for something, and for what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from orchestrion_controller.planner.builtin.grammar.clauses import Step
from orchestrion_controller.planner.builtin.grammar.factors import factors
from orchestrion_controller.planner.builtin.grammar.lexicon import Lexicon
from orchestrion_controller.planner.builtin.grammar.meanings import Choice, Sense
from orchestrion_controller.planner.builtin.grammar.phrases import Mark
from orchestrion_controller.planner.builtin.grammar.spans import is_estimate, skip_fillers
from orchestrion_controller.planner.builtin.grammar.words import Token, stem

_SUBJECTS: Final = frozenset({"i", "we", "he", "she", "they", "ich", "wir"})
_LEADING: Final = frozenset(map(stem, ("to", "and", "then", "please", ",")))


def of(task_types: Iterable[str]) -> tuple[Sense, ...]:
    """Makes a sense of each of several task types."""
    return tuple(Sense(name) for name in sorted(task_types))


def cues(words: Sequence[Token], lexicon: Lexicon, *, has_object: bool) -> list[Mark[Sense]]:
    """Finds the cues of a clause, but for words that only ask to be told, speak of a result or are part of a noun.

    Args:
        words: The tokens of the clause.
        lexicon: The words to know.
        has_object: Whether the clause gives or names something to work on: then "the similarity of …" is no result yet.
    """
    results = set() if has_object else {index for mark in lexicon["results"].find(words) for index in mark.matched}
    others = [set(mark.matched) for mark in lexicon.nouns.find(words)]
    others += [set(mark.matched) for mark in lexicon["fillers"].find(words)]
    shares = factors(words, lexicon)
    return [
        mark
        for mark in lexicon.senses.find(words)
        if not _only_tells(words, mark, lexicon)
        and not _only_says_where(words, mark, lexicon)
        and not (lexicon["imperatives"].at(words, mark.start) and not _is_imperative(words, mark.start, lexicon))
        and not set(mark.matched) <= results
        and not any(set(mark.matched) < other for other in others)
        and not _only_measures(mark, shares, lexicon)
    ]


def _only_measures(mark: Mark[Sense], shares: Mapping[tuple[int, ...], Sequence[Choice]], lexicon: Lexicon) -> bool:
    """Whether a cue only says of what there is to be more: "half as loud" is not out loud."""
    return any(
        set(mark.matched) <= set(matched)
        and not any(mark.value.task_type in lexicon.takers.get(name, ()) for name, _ in choices)
        for matched, choices in shares.items()
    )


def asks(marks: Iterable[Mark[Sense]], lexicon: Lexicon) -> bool:
    """Whether a cue asks for an answer from a text."""
    return any(mark.value.task_type in lexicon.by_role["question"] for mark in marks)


def sorts(marks: Iterable[Mark[Sense]], lexicon: Lexicon) -> bool:
    """Whether a cue asks to sort something under labels."""
    return any(mark.value.task_type in lexicon.by_role["labels"] for mark in marks)


def with_labels(marks: Sequence[Mark[Sense]], lexicon: Lexicon, are_given: bool) -> list[Mark[Sense]]:
    """Decides, of words that may ask to sort something or for something else, by whether there are labels."""
    sorting = lexicon.by_role["labels"]
    other = {mark.matched for mark in marks if mark.value.task_type not in sorting}
    if not are_given:
        return [mark for mark in marks if mark.value.task_type not in sorting or not other]
    shared = {mark.matched for mark in marks if mark.value.task_type in sorting}
    return [mark for mark in marks if mark.value.task_type in sorting or mark.matched not in shared]


def inside(text: str, words: Sequence[Token], question: str) -> set[int]:
    """Lists the indices of the tokens that a question is made of."""
    begin = text.find(question.rstrip("?"), words[0].start if words else 0)
    return {index for index, word in enumerate(words) if begin <= word.start < begin + len(question.rstrip("?"))}


def steps(words: Sequence[Token], marks: Sequence[Mark[Sense]], lexicon: Lexicon, span: int) -> tuple[Step, ...]:
    """Makes a step of each task type that is clearly meant, and of each cue that leaves open which of several."""
    choices: dict[tuple[int, ...], list[Sense]] = {}
    for mark in marks:
        meant = choices.setdefault(mark.matched, [])
        if mark.value not in meant:
            meant.append(mark.value)
    choices = {matched: _clearest(meant) for matched, meant in choices.items()}
    clear = {senses[0].task_type for senses in choices.values() if len(senses) == 1}
    with_mode = {sense.task_type for senses in choices.values() for sense in senses if sense.mode}
    found: dict[tuple[Sense, ...], Step] = {}
    for matched, meant in sorted(choices.items()):
        types = {sense.task_type for sense in meant}
        vague = all(sense.mode is None for sense in meant) and len(types) == 1 and types <= with_mode
        if vague or (len(types) > 1 and clear & types):
            continue
        definite = bool(matched[0]) and _is_definite(words, matched[0], lexicon)
        found.setdefault(
            tuple(meant), Step(tuple(meant), span, words[matched[0]].start, words[matched[-1]].end, definite)
        )
    return tuple(found.values())


def _clearest(meant: Sequence[Sense]) -> list[Sense]:
    """Drops a task type without a mode where the same words also tell the mode."""
    with_mode = {sense.task_type for sense in meant if sense.mode}
    return [sense for sense in meant if sense.mode or sense.task_type not in with_mode]


def _is_definite(words: Sequence[Token], start: int, lexicon: Lexicon) -> bool:
    """Whether an article or the like comes before, with one word at most between ("the short summary")."""
    return any(lexicon["articles"].at(words, index) for index in (start - 1, start - 2) if 0 <= index < len(words))


def _only_says_where(words: Sequence[Token], mark: Mark[Sense], lexicon: Lexicon) -> bool:
    """Whether a cue only says where a text that is given stands: "the manual says: …"."""
    return any(
        set(mark.matched) & set(saying.matched)
        and any(not word.text for word in words[saying.end : saying.end + 2])
        and all(not word.is_word for word in words[saying.end : saying.end + 1])
        for saying in lexicon["sayings"].find(words)
    )


def _is_imperative(words: Sequence[Token], start: int, lexicon: Lexicon) -> bool:
    """Whether a verb asks, rather than tells what somebody did: at the beginning, or after "to"."""
    before = words[start - 1].text if start else ""
    return before not in _SUBJECTS and (before in _LEADING or skip_fillers(words, 0, lexicon) == start)


def _only_tells(words: Sequence[Token], mark: Mark[Sense], lexicon: Lexicon) -> bool:
    """Whether a cue such as `say` asks to be told something here, since a question or another step follows."""
    if len(mark.matched) > 1 or not lexicon["telling"].at(words, mark.start):
        return False
    if not words[mark.start].text.isascii() and lexicon["questions"].find(words[mark.end :]):
        # In Chinese and Japanese the question word comes late.
        return True
    following = skip_fillers(words, mark.end, lexicon)
    if following < len(words) and is_estimate(words, mark.start, lexicon):
        return True
    return following < len(words) and bool(
        lexicon["questions"].at(words, following) or lexicon.senses.at(words, following)
    )
