"""Features of steps that need no encoder: matching kinds, order, values in the request. Pure; arrays of numpy."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np

from orchestrion.plans import ParameterKind, TaskType
from orchestrion_controller.planner.asides import Aside
from orchestrion_controller.plans.kinds import accepts

Array: TypeAlias = "np.ndarray[Any, np.dtype[np.float32]]"

COUNT: Final = 10
"""How many features a pair of steps has, and a step by itself."""

SENTENCE_END: Final = re.compile(r"[.!?;](?=\s|$)")


@dataclass(frozen=True, slots=True)
class Mention:
    """A step: what performs it, and where the request asks for it."""

    task_type: TaskType
    position: int
    """A place in the request's characters."""


def fits(source: TaskType, target: TaskType, *, media: bool = False) -> bool:
    """Whether some output of one task type, or some medium that it gives, is a value for some input of another."""
    outputs = [kind for kind in feeding(source) if kind.is_media or not media]
    return any(accepts(parameter.kind, kind) for kind in outputs for parameter in target.inputs)


def feeding(source: TaskType) -> list[ParameterKind]:
    """Lists the kinds of what a task type gives to others; numbers beside a medium only say something about it."""
    remarks = bool(source.outputs) and source.outputs[0].kind.is_media
    return [
        output.kind
        for output in source.outputs
        if not (remarks and output.optional and output.kind is ParameterKind.NUMBER)
    ]


def pairs(steps: Sequence[Mention], asides: Sequence[Aside], text: str) -> tuple[Array, Array]:
    """Describes each pair of steps, source first, and each step by itself.

    Returns:
        Arrays of shape (S, S, COUNT) and (S, COUNT).
    """
    count = len(steps)
    order = sorted(range(count), key=lambda index: (steps[index].position, index))
    rank = {index: place for place, index in enumerate(order)}
    sentence = [len(SENTENCE_END.findall(text[: step.position])) for step in steps]
    types = [step.task_type for step in steps]
    compatible = [[i != j and fits(types[i], types[j]) for j in range(count)] for i in range(count)]
    media = [[i != j and fits(types[i], types[j], media=True) for j in range(count)] for i in range(count)]
    kinds = {item.kind for item in asides if item.is_file}
    gives_text = any(item.mark in {"[text]", "[phrase]", "[question]"} for item in asides)
    both = np.zeros((count, count, COUNT), dtype=np.float32)
    alone = np.zeros((count, COUNT), dtype=np.float32)
    for j in range(count):
        sources = [i for i in range(count) if compatible[i][j]]
        before = [i for i in sources if rank[i] < rank[j]]
        nearest = max(before, key=lambda i: rank[i], default=-1)
        takes = {parameter.kind for parameter in steps[j].task_type.inputs}
        is_given = any(kind in takes for kind in kinds)
        for i in range(count):
            both[i, j] = (
                compatible[i][j],
                rank[i] < rank[j],
                rank[j] - rank[i] == 1,
                max(-5, min(5, rank[j] - rank[i])) / 5,
                sentence[i] == sentence[j],
                i == nearest,
                min(len(sources), 5) / 5,
                media[i][j],
                is_given,
                len(before) == 0,
            )
        alone[j] = (
            min(len(sources), 5) / 5,
            rank[j] == 0,
            is_given,
            len(before) == 0,
            min(rank[j], 5) / 5,
            min(count, 6) / 6,
            any(kind.is_media for kind in takes) and not is_given,
            gives_text and ParameterKind.TEXT in takes,
            any(media[i][j] for i in before),
            len(takes) > 1 or len(steps[j].task_type.inputs) > 1,
        )
    return both, alone


OBJECT_COUNT: Final = 9
"""How many features an object has with a step."""


def objects(places: Sequence[tuple[int, int]], steps: Sequence[Mention], text: str) -> Array:
    """Describes each object of a request, such as `the second picture`, beside each step.

    Args:
        places: Where the objects begin and end, in characters.
        steps: The steps.
        text: The request.

    Returns:
        An array of shape (objects, steps, OBJECT_COUNT).
    """
    result = np.zeros((len(places), len(steps), OBJECT_COUNT), dtype=np.float32)
    for row, (start, _) in enumerate(places):
        before = [step.position for step in steps if step.position <= start]
        after = [step.position for step in steps if step.position > start]
        others = [place for place, _ in places]
        for column, step in enumerate(steps):
            between = sum(min(start, step.position) < other.position < max(start, step.position) for other in steps)
            objects_between = sum(min(start, step.position) < place < max(start, step.position) for place in others)
            result[row, column] = (
                step.position <= start,
                step.position == max(before, default=-1),
                step.position == min(after, default=-1),
                min(between, 4) / 4,
                min(objects_between, 4) / 4,
                len(SENTENCE_END.findall(text[min(start, step.position) : max(start, step.position)])) == 0,
                min(abs(start - step.position), 100) / 100,
                len(steps) == 1,
                len(places) == 1,
            )
    return result
