"""How many times as much: "twice as loud", "a third slower", "at 80 % of the speed"."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from orchestrion_controller.planner.builtin.grammar.lexicon import Lexicon
from orchestrion_controller.planner.builtin.grammar.meanings import Amount, Choice, Dimension
from orchestrion_controller.planner.builtin.grammar.phrases import Mark
from orchestrion_controller.planner.builtin.grammar.words import Token, stem

_FARTHEST: Final = 7
_BY: Final = frozenset(map(stem, ("by", "um", "de", "en", "por")))
_TO: Final = frozenset(map(stem, ("to", "at", "auf", "à", "al", "with", "mit")))


def factors(words: Sequence[Token], lexicon: Lexicon) -> dict[tuple[int, ...], list[Choice]]:
    """Finds factors with what they are of.

    Returns:
        The values of parameters that each gives, by the indices of its tokens; the first that a step has is meant.
    """
    marks = lexicon.factors.find(words)
    dimensions = lexicon.dimensions.find(words) if marks else []
    found: dict[tuple[int, ...], list[Choice]] = {}
    for mark in marks:
        near = _nearest(words, mark, dimensions, lexicon)
        for dimension in near:
            factor = _factor(words, mark, dimension.value, lexicon)
            matched = tuple(sorted({*mark.matched, *dimension.matched}))
            found.setdefault(matched, []).append((dimension.value.parameter, _value(factor, dimension.value)))
    return found


def _nearest(
    words: Sequence[Token], mark: Mark[Amount], dimensions: Sequence[Mark[Dimension]], lexicon: Lexicon
) -> list[Mark[Dimension]]:
    """Finds what a factor is of: in its own part between joiners, if need be in the next one."""
    joiners = {index for joiner in lexicon["joiners"].find(words) for index in joiner.matched}

    def distance(dimension: Mark[Dimension]) -> tuple[int, int]:
        first, second = sorted((mark.matched, dimension.matched))
        between = range(first[-1] + 1, second[0])
        return sum(index in joiners for index in between), len(between)

    apart = {dimension.matched: distance(dimension) for dimension in dimensions}
    near = [matched for matched, (joined, far) in apart.items() if not joined and far <= _FARTHEST]
    best = min(near, key=lambda matched: apart[matched], default=None)
    return [dimension for dimension in dimensions if dimension.matched == best]


def _factor(words: Sequence[Token], mark: Mark[Amount], dimension: Dimension, lexicon: Lexicon) -> float:
    """Tells how many times as much there is to be."""
    amount = mark.value
    number = next((value for index in mark.matched if (value := lexicon.factors.number(words[index])) is not None), 0.0)
    factor = amount.offset + amount.factor * number
    before = {word.text for word in words[max(0, mark.start - 2) : mark.start]}
    signs = [sign.value for sign in lexicon.directions.find(words[: mark.start])]
    is_falling = dimension.is_falling or (not dimension.is_more and signs[-1:] == [-1])
    if amount.parameter != "share":
        return 1 / factor if is_falling and factor else factor
    is_added = not before & _TO and (dimension.is_more or is_falling or (before & _BY and bool(signs)))
    if not is_added:
        return factor
    return 1 - factor if is_falling else 1 + factor


def _value(factor: float, dimension: Dimension) -> float:
    """Turns a factor into a parameter's value: doubling is 6 dB, or 12 semitones."""
    if dimension.scale == "factor" or factor <= 0:
        return round(factor, 6)
    return float(round((20 * math.log10(factor)) if dimension.scale == "decibels" else 12 * math.log2(factor)))
