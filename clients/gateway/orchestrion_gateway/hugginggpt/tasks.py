"""A plan as HuggingGPT writes it: `[{"task": …, "id": 0, "dep": [-1], "args": {…}}, …]`."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import replace
from graphlib import TopologicalSorter
from typing import Any, Final

from orchestrion import OutputRef, Plan, Task, TaskResult
from orchestrion.values import Value, references
from orchestrion_gateway.hugginggpt import vocabulary
from orchestrion_gateway.hugginggpt.values import ArgumentWriter

NO_DEPENDENCY: Final = -1


def in_order(plan: Plan) -> tuple[Task, ...]:
    """Returns the tasks of a plan, each after those whose results it takes, and otherwise as they were planned."""
    places = {task.id: place for place, task in enumerate(plan.tasks)}
    sorter = TopologicalSorter({places[task.id]: [places[id_] for id_ in parents(task)] for task in plan.tasks})
    sorter.prepare()
    ordered: list[Task] = []
    ready = list(sorter.get_ready())
    while ready:
        heapq.heapify(ready)
        place = heapq.heappop(ready)
        ordered.append(plan.tasks[place])
        sorter.done(place)
        ready.extend(sorter.get_ready())
    return tuple(ordered)


def parents(task: Task) -> list[str]:
    """Returns the ids of the tasks whose results a task takes, each once."""
    return list(dict.fromkeys(reference.task_id for value in task.inputs.values() for reference in references(value)))


def written(task: Task, writer: ArgumentWriter) -> dict[str, Any]:
    """Returns a task as there: with a number as its id, and those of the tasks whose results it takes."""
    return {
        "task": vocabulary.TASK_TYPES.get(task.type, task.type),
        "id": writer.numbers[task.id],
        "dep": [writer.numbers[id_] for id_ in parents(task)] or [NO_DEPENDENCY],
        "args": {vocabulary.argument(task.type, name): writer.written(value) for name, value in task.inputs.items()},
    }


def numbered(tasks: Sequence[Task]) -> dict[str, int]:
    """Returns the numbers of tasks, from 0, by their ids."""
    return {task.id: number for number, task in enumerate(tasks)}


def with_results(task: Task, results: Mapping[str, TaskResult]) -> Task:
    """Returns a task with results in the place of references to them, where there are any."""
    return replace(task, inputs={name: _resolved(value, results) for name, value in task.inputs.items()})


def _resolved(value: Value, results: Mapping[str, TaskResult]) -> Value:
    if isinstance(value, tuple):
        return tuple(_resolved(item, results) for item in value)
    if not isinstance(value, OutputRef) or value.task_id not in results:
        return value
    output = results[value.task_id].outputs.get(value.output, value)
    if value.index is not None and isinstance(output, tuple):
        return output[value.index] if value.index < len(output) else value
    return output
