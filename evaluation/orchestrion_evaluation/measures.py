"""Measures over a corpus: each is a ratio of two sums over samples, so that all have intervals by one bootstrap."""

from __future__ import annotations

import operator
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from orchestrion_evaluation.scores import Overlap

LEVEL: Final = 0.95
"""How often an interval holds the value, over repetitions of the experiment."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A measure: the sum of numerators over the sum of denominators, one of each a sample.

    Samples that a measure is not about (of another structure) have a denominator of 0 in it.
    """

    numerators: tuple[float, ...]
    denominators: tuple[float, ...]

    @property
    def value(self) -> float | None:
        """The value, 0 to 1; None where nothing was measured."""
        return _quotient(sum(self.numerators), sum(self.denominators))


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and its 95 % interval, all from 0 to 1; None where nothing was measured."""

    value: float | None
    low: float | None
    high: float | None


def f1(overlaps: Iterable[Overlap | None]) -> Ratio:
    """Micro F1: 2 hits / (predicted + gold). None leaves a sample out."""
    counts = [(0, 0) if it is None else (2 * it.hits, it.predicted + it.gold) for it in overlaps]
    return _ratio(counts)


def precision(overlaps: Iterable[Overlap | None]) -> Ratio:
    """Micro precision: hits / predicted."""
    return _ratio([(0, 0) if it is None else (it.hits, it.predicted) for it in overlaps])


def recall(overlaps: Iterable[Overlap | None]) -> Ratio:
    """Micro recall: hits / gold."""
    return _ratio([(0, 0) if it is None else (it.hits, it.gold) for it in overlaps])


def mean(values: Iterable[float | None]) -> Ratio:
    """The mean over samples; None leaves one out."""
    return _ratio([(0, 0) if it is None else (float(it), 1) for it in values])


def bootstrap(measures: Mapping[str, Ratio], *, resamples: int, seed: int) -> dict[str, Estimate]:
    """Estimates measures with percentile intervals (Efron and Tibshirani, 1993, chapter 13).

    Samples are drawn with replacement, as many as there are, `resamples` times; each measure is taken of each draw. All
    measures see the same draws.

    Args:
        measures: The measures by name, all over the same samples.
        resamples: How many draws; 0 gives no intervals.
        seed: The same seed gives the same intervals.
    """
    count = len(next(iter(measures.values())).numerators) if measures else 0
    # Many measures share a column, such as that of the gold tools; it is summed once.
    columns: dict[tuple[float, ...], int] = {}
    places = {
        name: [columns.setdefault(column, len(columns)) for column in (ratio.numerators, ratio.denominators)]
        for name, ratio in measures.items()
    }
    drawn: dict[str, list[float]] = {name: [] for name in measures}
    source = random.Random(seed)
    for _ in range(resamples if count else 0):
        times = Counter(source.choices(range(count), k=count))
        # How often each sample was drawn: summing in order is faster than in the order of the draw.
        weights = [times[index] for index in range(count)]
        sums = [sum(map(operator.mul, column, weights)) for column in columns]
        for name, (above, below) in places.items():
            value = _quotient(sums[above], sums[below])
            if value is not None:
                drawn[name].append(value)
    return {name: _estimate(ratio.value, sorted(drawn[name])) for name, ratio in measures.items()}


def quantile(ordered: Sequence[float], share: float) -> float:
    """Returns a quantile of values in order, between two of them where it lies there.

    Raises:
        IndexError: There is no value.
    """
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def _estimate(value: float | None, ordered: Sequence[float]) -> Estimate:
    if value is None or not ordered:
        return Estimate(value, None, None)
    tail = (1 - LEVEL) / 2
    return Estimate(value, quantile(ordered, tail), quantile(ordered, 1 - tail))


def _ratio(pairs: Sequence[tuple[float, float]]) -> Ratio:
    return Ratio(tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs))


def _quotient(numerator: float, denominator: float) -> float | None:
    return numerator / denominator if denominator else None
