"""The options of a clause: words for values of parameters, and numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrion_controller.planner.builtin.lexicon import Amount, Choice, Lexicon
from orchestrion_controller.planner.builtin.phrases import Mark
from orchestrion_controller.planner.builtin.words import Token


@dataclass(frozen=True, slots=True)
class Option:
    """A value that words give: for one parameter, or for another where the step has that."""

    choices: tuple[Choice, ...]
    position: int
    """Where the request says it."""
    words: str
    """As the request has them."""


def options(text: str, words: Sequence[Token], lexicon: Lexicon) -> tuple[Option, ...]:
    """Finds the options of a clause; a number in place of the word that it belongs to ("louder by 10 dB")."""
    thanked = [set(mark.matched) for mark in lexicon["fillers"].find(words)]
    marks = [mark for mark in lexicon.options.find(words) if not any(set(mark.matched) <= other for other in thanked)]
    amounts = [mark for mark in lexicon.amounts.find(words) if not _counts_things(words, mark, lexicon)]
    signs = {name: value for name, value in (mark.value for mark in marks) if isinstance(value, float | int)}
    numbers = {
        mark.matched: [_number(words, other, signs, lexicon) for other in amounts if other.matched == mark.matched]
        for mark in amounts
    }
    exact = {name for choices in numbers.values() for name, _ in choices}
    found: dict[tuple[int, ...], list[Choice]] = {}
    for mark in marks:
        if mark.value[0] not in exact and mark.value not in found.get(mark.matched, ()):
            found.setdefault(mark.matched, []).append(mark.value)
    found.update(numbers)
    named = _by_name(text, words[0].start if words else 0, lexicon)
    said = {name for option in named for name, _ in option.choices}
    return (
        *(
            Option(tuple(choices), words[matched[0]].start, text[words[matched[0]].start : words[matched[-1]].end])
            for matched, choices in sorted(found.items())
            if not said & {name for name, _ in choices}
        ),
        *named,
    )


def _counts_things(words: Sequence[Token], mark: Mark[Amount], lexicon: Lexicon) -> bool:
    """Whether a number only counts what is there: "these two sentences"."""
    before = words[mark.start - 1] if mark.start else None
    return before is not None and any(other.value == 0 for other in lexicon.quantities.at(words, mark.start - 1))


def _number(words: Sequence[Token], mark: Mark[Amount], signs: dict[str, float], lexicon: Lexicon) -> Choice:
    amount = mark.value
    number = next((value for index in mark.matched if (value := lexicon.amounts.number(words[index])) is not None), 0.0)
    value = round(amount.offset + amount.factor * number, 6)
    # "quieter by 10 dB": the word tells the direction, the number how far.
    return amount.parameter, -abs(value) if signs.get(amount.parameter, 0) < 0 else value


def _by_name(text: str, start: int, lexicon: Lexicon) -> tuple[Option, ...]:
    """Finds numbers given by the parameter's name: `speed 1.5`, `pitch of 0.8`."""
    pattern = r"\b([a-z_]+)\s*(?:of|to|at|=|:|is)?\s*(-?\d+(?:\.\d+)?)\b(?!\s*(?:%|percent))"
    return tuple(
        Option(((match.group(1).casefold(), float(match.group(2))),), start + match.start(), match.group())
        for match in re.finditer(pattern, text, re.IGNORECASE)
        if match.group(1).casefold() in lexicon.number_parameters
    )
