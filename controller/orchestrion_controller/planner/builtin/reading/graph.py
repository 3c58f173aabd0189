"""Which steps a request has and what feeds what: the likeliest graph whose pieces fit by kind. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from orchestrion.plans import TaskType
from orchestrion_controller.planner.builtin.reading.features import Array, feeding, fits
from orchestrion_controller.plans.kinds import accepts

MOST_STEPS: Final = 12
"""The longest plan that is made of one request."""

_SECOND_SOURCE: Final = 0.35
"""How likely a further source of a step must be, where one is there already."""

AFTER: Final = "after"
"""The name of an input that takes the result of whatever came before: a step in time, where no data flows."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A step that a request asks for."""

    tool: int
    """The index of its task type."""
    position: int
    """Where the request asks for it, in characters."""
    probability: float
    """The probability that it is wanted."""


@dataclass(frozen=True, slots=True)
class Graph:
    """Steps, each after all that feed it."""

    steps: tuple[Wanted, ...]
    sources: tuple[tuple[int, ...], ...]
    """For each step the indices of those that feed it, in the order in which they are asked for."""
    probabilities: tuple[float, ...]
    """For each step how likely its sources are these."""


def chosen(odds: Array, threshold: float) -> list[int]:
    """Lists the task types whose log odds are above a threshold, the likeliest first and at most `MOST_STEPS`."""
    order = np.argsort(-odds, kind="stable")[:MOST_STEPS]
    return [int(index) for index in order if odds[index] > threshold]


def build(
    steps: Sequence[Wanted], task_types: Sequence[TaskType], links: Array, roots: Array, *, in_time: bool = False
) -> Graph:
    """Gives each step its sources: the likeliest ones that make no cycle and for which it has inputs.

    Args:
        steps: The steps, in the order in which they are asked for.
        task_types: The task types that the steps' indices mean.
        links: Scores of step i as the source of step j, shape (S, S).
        roots: Scores of having no source, shape (S,).
        in_time: Whether steps only come one after the other, and no data flows.
    """
    count = len(steps)
    types = [task_types[step.tool] for step in steps]
    if in_time:
        sources = [[number - 1] if number and types[number].input(AFTER) else [] for number in range(count)]
        return _ordered(steps, sources, [1.0] * count)
    allowed = np.array([[i != j and fits(types[i], types[j]) for j in range(count)] for i in range(count)], dtype=bool)
    shares = _shares(np.where(allowed, links, -np.inf), roots)
    sources_of: list[list[int]] = [[] for _ in range(count)]
    # The most confident decision first, so that a cycle is broken where confidence is least.
    candidates = sorted(
        ((shares[i, j], i, j) for i in range(count) for j in range(count) if allowed[i, j]), reverse=True
    )
    for share, i, j in candidates:
        likeliest = share >= shares[:, j].max() and share >= shares[count, j]
        is_due = not sources_of[j] and share > shares[count, j]
        if not (likeliest or share > _SECOND_SOURCE or is_due):
            continue
        if sources_of[j] and share <= _SECOND_SOURCE:
            continue
        if not _reaches(sources_of, i, j) and _has_room(types, sources_of[j], i, j):
            sources_of[j].append(i)
    probabilities = [
        float(sum(shares[i, j] for i in sources_of[j]) if sources_of[j] else shares[count, j]) for j in range(count)
    ]
    return _ordered(steps, [sorted(item) for item in sources_of], probabilities)


def is_in_time(task_types: Sequence[TaskType]) -> bool:
    """Whether a library's task types follow one another in time only: all can name what they come after."""
    return bool(task_types) and all(task_type.input(AFTER) for task_type in task_types)


def _shares(links: Array, roots: Array) -> Array:
    """Softmax over a step's possible sources; the last row is that it has none."""
    scores = np.concatenate([links, roots[None]])
    weights = np.exp(scores - scores.max(0))
    result: Array = weights / weights.sum(0)
    return result


def _reaches(sources: Sequence[Sequence[int]], step: int, target: int) -> bool:
    """Whether a step depends on another, directly or through others."""
    waiting, seen = [step], set()
    while waiting:
        current = waiting.pop()
        if current == target:
            return True
        if current not in seen:
            seen.add(current)
            waiting += sources[current]
    return False


def _has_room(types: Sequence[TaskType], sources: Sequence[int], step: int, target: int) -> bool:
    """Whether the inputs of a step take one more source, each input one."""
    inputs = list(types[target].inputs)
    for source in (*sources, step):
        kinds = feeding(types[source])
        slot = next(
            (item for item in inputs if not item.choices and any(accepts(item.kind, kind) for kind in kinds)), None
        )
        if slot is None:
            return False
        if not slot.repeated:
            inputs.remove(slot)
    return True


def _ordered(steps: Sequence[Wanted], sources: Sequence[Sequence[int]], probabilities: Sequence[float]) -> Graph:
    """Puts each step after its sources, else in the order in which they are asked for."""
    order: list[int] = []
    while len(order) < len(steps):
        order.append(
            next(
                number
                for number in range(len(steps))
                if number not in order and all(source in order for source in sources[number])
            )
        )
    place = {number: index for index, number in enumerate(order)}
    return Graph(
        tuple(steps[number] for number in order),
        tuple(tuple(sorted(place[source] for source in sources[number])) for number in order),
        tuple(probabilities[number] for number in order),
    )
