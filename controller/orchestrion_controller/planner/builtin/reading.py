"""What a request says: its clauses, and in each the steps asked for, the things named and the options."""

# ruff: noqa: RUF001 - Requests have the marks of many scripts.
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from orchestrion_controller.planner.builtin.lexicon import Lexicon, Mark
from orchestrion_controller.planner.builtin.mentions import Mention, mentions, options
from orchestrion_controller.planner.builtin.quotes import Quotation, after_colon, quotations
from orchestrion_controller.planner.builtin.words import Token, mended, tokens

_PUNCTUATION: Final = frozenset(".,;:!?…，。；：！？、–—")


@dataclass(frozen=True, slots=True)
class Step:
    """Something that is asked for."""

    task_types: tuple[str, ...]
    """Those whose cue it is; several when the words alone do not tell."""
    start: int
    """The index of the token where the cue begins."""
    end: int


@dataclass(frozen=True, slots=True)
class Literal:
    """A text that is given."""

    position: int
    text: str


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of the request with steps about the same things."""

    steps: tuple[Step, ...]
    mentions: tuple[Mention, ...]
    literals: tuple[Literal, ...]
    options: Mapping[str, tuple[str | float, ...]] = field(default_factory=dict)
    """Values for parameters, by the parameters' names; several where the request has several ("slowly and fast")."""
    has_pronoun: bool = False
    rest: str = ""
    """The words after the first cue, as they are written."""

    def joined(self, other: Clause) -> Clause:
        """Takes this clause and the next as one."""
        return Clause(
            self.steps
            + tuple(step for step in other.steps if step.task_types not in {s.task_types for s in self.steps}),
            self.mentions + other.mentions,
            self.literals + other.literals,
            {**self.options, **other.options},
            self.has_pronoun or other.has_pronoun,
            self.rest or other.rest,
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """A request as the planner understands it."""

    clauses: tuple[Clause, ...]
    beyond: str = ""
    """A word for something that no task type does; empty where there is none."""


def read(text: str, lexicon: Lexicon, file_names: Sequence[str] = ()) -> Reading:
    """Reads a request.

    Args:
        text: The request, any language of the lexicon.
        lexicon: The words to know.
        file_names: The attachments' names, which the request may speak of.
    """
    quoted = quotations(text)
    files = [match for name in file_names if len(name) > 2 for match in _occurrences(text, name)]
    # A file name in quotation marks is still a file name.
    quoted = [quotation for quotation in quoted if not any(_overlap(quotation, file) for file in files)]
    aside = [(item.start, item.end) for item in (*quoted, *files)]
    words = mended(tokens(text, aside), lexicon.vocabulary)
    last = _given_after_colon(text, words, lexicon, quoted)
    if last:
        quoted = [quotation for quotation in quoted if quotation.start < last.start] + [last]
        files = [file for file in files if file.start < last.start]
        words = [word for word in words if word.start < last.start] + [Token("", last.start, last.end)]
    clauses: list[Clause] = []
    for start, end in _spans(words, lexicon):
        clause = _clause(text, words[start:end], lexicon, quoted, files)
        only_adds = not clause.steps or (
            bool(clauses)
            and not (clause.mentions or clause.literals or clause.has_pronoun)
            and {step.task_types for step in clause.steps} <= {step.task_types for step in clauses[-1].steps}
        )
        if clauses and (only_adds or not clauses[-1].steps):
            clauses[-1] = clauses[-1].joined(clause)
        else:
            clauses.append(clause)
    return Reading(tuple(clauses), _beyond(text, words, lexicon))


def _given_after_colon(
    text: str, words: Sequence[Token], lexicon: Lexicon, quoted: Sequence[Quotation]
) -> Quotation | None:
    colon = next((word for word in words if word.text in {":", "："}), None)
    if colon is None:
        return None
    given = after_colon(text, colon.start)
    before = [word for word in words if word.end <= colon.start]
    if given is None or not lexicon.cues.find(before) or any(quotation.start == given.start for quotation in quoted):
        return None
    return given


def _spans(words: Sequence[Token], lexicon: Lexicon) -> list[tuple[int, int]]:
    """Cuts the tokens where, after punctuation or a joiner, the words of another step begin."""
    continued = {index for mark in lexicon.cues.find(words) for index in mark.matched if index > mark.start}
    starts = [0]
    index = 0
    while index < len(words):
        joiner = lexicon.joiners.at(words, index)
        if words[index].text in _PUNCTUATION or joiner:
            index = max((mark.end for mark in joiner), default=index + 1)
            verb = _skip_fillers(words, index, lexicon)
            # What a comma sets off may lie inside a question: "what does the sign, the blue one, say".
            inside = not joiner and verb in continued
            if verb < len(words) and not inside and _begins_step(words, verb, lexicon):
                starts.append(index)
        else:
            index += 1
    return [(start, end) for start, end in zip(starts, [*starts[1:], len(words)], strict=True) if start < end]


def _begins_step(words: Sequence[Token], index: int, lexicon: Lexicon) -> bool:
    return any(sort.at(words, index) for sort in (lexicon.cues, lexicon.telling, lexicon.questions))


def _skip_fillers(words: Sequence[Token], index: int, lexicon: Lexicon) -> int:
    while index < len(words):
        fillers = lexicon.fillers.at(words, index)
        if not fillers and words[index].text not in _PUNCTUATION:
            break
        index = max((mark.end for mark in fillers), default=index + 1)
    return index


def _clause(
    text: str,
    part: Sequence[Token],
    lexicon: Lexicon,
    quoted: Sequence[Quotation],
    files: Sequence[Quotation],
) -> Clause:
    first, last = part[0].start, part[-1].end
    cues = [mark for mark in lexicon.cues.find(part) if not _only_tells(part, mark, lexicon)]
    marked = {index for mark in cues for index in mark.matched}
    named = [Mention(file.start, file_name=file.text) for file in files if first <= file.start < last]
    literals = tuple(Literal(item.start, item.text) for item in quoted if first <= item.start < last)
    # `this` before a noun is no pronoun.
    pronouns = [mark for mark in lexicon.pronouns.find(part) if not _is_noun(part, mark.end, lexicon)]
    return Clause(
        steps=_steps(cues),
        mentions=tuple(sorted([*named, *mentions(text, part, lexicon)], key=lambda mention: mention.position)),
        literals=literals,
        options=options(text[first:last], part, lexicon),
        has_pronoun=any(mark.start not in marked for mark in pronouns),
        rest=text[part[cues[0].end - 1].end : last] if cues else "",
    )


def _steps(cues: Sequence[Mark[str]]) -> tuple[Step, ...]:
    """Makes a step of each task type that is clearly meant, and of each cue that leaves open which of several."""
    choices: dict[tuple[int, ...], list[str]] = {}
    for mark in cues:
        names = choices.setdefault(mark.matched, [])
        if mark.value not in names:
            names.append(mark.value)
    clear = {names[0] for names in choices.values() if len(names) == 1}
    steps: dict[tuple[str, ...], Step] = {}
    for mark in cues:
        meant = tuple(choices[mark.matched])
        if len(meant) == 1 or not clear & set(meant):
            steps.setdefault(meant, Step(meant, mark.start, mark.end))
    return tuple(steps.values())


def _only_tells(words: Sequence[Token], mark: Mark[str], lexicon: Lexicon) -> bool:
    """Whether a cue such as `say` asks to be told something here, since a question or another step follows."""
    if len(mark.matched) > 1 or not lexicon.telling.at(words, mark.start):
        return False
    if not words[mark.start].text.isascii() and lexicon.questions.find(words[mark.end :]):
        # In Chinese and Japanese the question word comes late.
        return True
    following = _skip_fillers(words, mark.end, lexicon)
    return following < len(words) and bool(lexicon.questions.at(words, following) or lexicon.cues.at(words, following))


def _is_noun(words: Sequence[Token], index: int, lexicon: Lexicon) -> bool:
    return index < len(words) and bool(lexicon.nouns.at(words, index))


def _beyond(text: str, words: Sequence[Token], lexicon: Lexicon) -> str:
    """Finds a word for something that people ask of AI models and that no cue here covers."""
    covered = {index for mark in lexicon.cues.find(words) for index in mark.matched}
    for mark in lexicon.abilities.find(words):
        if not covered & set(mark.matched):
            return text[words[mark.start].start : words[mark.end - 1].end]
    return ""


def _occurrences(text: str, name: str) -> list[Quotation]:
    pattern = rf"(?<!\w){re.escape(name)}(?!\w)"
    return [Quotation(name, *match.span()) for match in re.finditer(pattern, text, re.IGNORECASE)]


def _overlap(one: Quotation, other: Quotation) -> bool:
    return one.start < other.end and other.start < one.end
