"""The options of a clause: words for values of parameters, and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrion_controller.planner.builtin.grammar import naming
from orchestrion_controller.planner.builtin.grammar.factors import factors
from orchestrion_controller.planner.builtin.grammar.lexicon import Lexicon
from orchestrion_controller.planner.builtin.grammar.meanings import Amount, Choice
from orchestrion_controller.planner.builtin.grammar.phrases import Mark
from orchestrion_controller.planner.builtin.grammar.words import Token


@dataclass(frozen=True, slots=True)
class Option:
    """A value that words give: for one parameter, or for another where the step has that."""

    choices: tuple[Choice, ...]
    position: int
    """Where the request says it."""
    words: str
    """As the request has them."""
    is_named: bool = False
    """Whether the parameter's own name is said with it."""


def options(text: str, words: Sequence[Token], lexicon: Lexicon) -> tuple[Option, ...]:
    """Finds the options of a clause; a number in place of the word that it belongs to ("louder by 10 dB")."""
    thanked = [set(mark.matched) for mark in lexicon["fillers"].find(words)]
    marks = [mark for mark in lexicon.options.find(words) if not any(set(mark.matched) <= other for other in thanked)]
    amounts = [mark for mark in lexicon.amounts.find(words) if not _counts_things(words, mark, lexicon)]
    signs = {name: value for name, value in (mark.value for mark in marks) if isinstance(value, float | int)}
    shares = factors(words, lexicon)
    numbers = {
        mark.matched: [_number(words, other, signs, lexicon) for other in amounts if other.matched == mark.matched]
        for mark in amounts
        if not any(set(mark.matched) & set(matched) for matched in shares)
    }
    numbers |= shares
    exact = {name for choices in numbers.values() for name, _ in choices}
    factored = {index for matched in shares for index in matched}
    found: dict[tuple[int, ...], list[Choice]] = {}
    for mark in marks:
        if (
            mark.value[0] not in exact
            and mark.value not in found.get(mark.matched, ())
            and not set(mark.matched) <= factored
        ):
            found.setdefault(mark.matched, []).append(mark.value)
    found.update(numbers)
    asked = {mark.value.task_type for mark in lexicon.senses.find(words)}
    first, last = (words[0].start, words[-1].end) if words else (0, 0)
    named = tuple(
        Option((item.choice,), item.start, text[item.start : item.end], is_named=True)
        for item in naming.named(text, first, last, lexicon, asked)
    )
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
    sign = signs.get(amount.parameter) or _direction(words, mark, lexicon)
    is_signed = any(amount.parameter == dimension for dimension in lexicon.signed_parameters)
    return amount.parameter, -abs(value) if sign < 0 and is_signed else value


def _direction(words: Sequence[Token], mark: Mark[Amount], lexicon: Lexicon) -> int:
    """Finds the nearest word for more or less on the same side of a joiner; 0 where there is none."""
    joiners = {index for joiner in lexicon["joiners"].find(words) for index in joiner.matched}
    first = max((index for index in joiners if index < mark.start), default=-1) + 1
    last = min((index for index in joiners if index >= mark.end), default=len(words))
    near = [sign for sign in lexicon.directions.find(words[first:last]) if sign.start + first not in mark.matched]
    nearest = min(near, key=lambda sign: abs(sign.start + first - mark.start), default=None)
    return nearest.value if nearest else 0
