"""Merges tasks that do the same on the same: a language model sometimes plans one thing many times over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from orchestrion.plans import Task, TaskType
from orchestrion.values import OutputRef, Value, references

_SEED: Final = "seed"


class EqualTasks:
    """The tasks of one plan as they come; what refers to a merged one refers to the first of its kind."""

    def __init__(self, task_types: Mapping[str, TaskType]) -> None:
        """Prepares for one plan.

        Args:
            task_types: Those that the plan may use: one with a `seed` draws something else each time, and is never
                merged.
        """
        self._task_types = task_types
        self._first: dict[str, Task] = {}
        self._merged: dict[str, str] = {}
        self._referred: set[str] = set()

    def take(self, task: Task) -> Task | None:
        """Takes a task and returns it with its references adapted; None where an earlier one does the same."""
        task = Task(task.id, task.type, {name: self._adapted(value) for name, value in task.inputs.items()})
        referred = {ref.task_id for value in task.inputs.values() for ref in references(value)}
        key = repr((task.type, sorted(task.inputs.items())))
        first = self._first.setdefault(key, task)
        # What an earlier task already refers to must stay.
        is_free = first.id == task.id or task.id not in self._referred
        if first is not task and is_free and not draws(task, self._task_types):
            self._merged[task.id] = first.id
            return None
        self._referred |= referred
        return task

    def _adapted(self, value: Value) -> Value:
        if isinstance(value, tuple):
            return tuple(self._adapted(item) for item in value)
        if isinstance(value, OutputRef) and value.task_id in self._merged:
            return OutputRef(self._merged[value.task_id], value.output, value.index)
        return value


def draws(task: Task, task_types: Mapping[str, TaskType]) -> bool:
    """Whether what a task makes comes out differently each time, as far as is clear."""
    task_type = task_types.get(task.type)
    return task_type is None or task_type.input(_SEED) is not None
