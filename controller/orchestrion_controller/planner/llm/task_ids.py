"""Ids of their own for tasks that were written under one: a language model often calls a task by its type."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.plans import Task, TaskType
from orchestrion.values import OutputRef, Value, references
from orchestrion_controller.planner.llm.duplicates import draws


class TaskIds:
    """The ids of one plan as its tasks come; references are adapted where it is clear which task they mean.

    That is clear as long as one task of the id has been written. What refers to an id before any task has it, or after
    several have, may mean each of them.
    """

    def __init__(self, task_types: Mapping[str, TaskType]) -> None:
        """Prepares for one plan.

        Args:
            task_types: Those that the plan may use; the same task written twice is one, unless it `draws`.
        """
        self._task_types = task_types
        self._written: dict[str, list[Task]] = {}
        self._final: dict[str, str] = {}
        self._taken: set[str] = set()
        self._awaited: set[str] = set()

    def take(self, task: Task) -> tuple[Task, OrchestrionError | None]:
        """Takes a task and returns it with its id and references adapted, and what of it is not clear."""
        referred = [ref.task_id for value in task.inputs.values() for ref in references(value)]
        unclear = next((name for name in referred if len(self._written.get(name, ())) > 1), None)
        self._awaited.update(name for name in referred if name not in self._written)
        adapted = Task(task.id, task.type, {name: self._adapted(value) for name, value in task.inputs.items()})
        return self._named(task, adapted), _fault(unclear) if unclear is not None else None

    def _named(self, task: Task, adapted: Task) -> Task:
        same = self._written.setdefault(task.id, [])
        if task in same and not draws(task, self._task_types):
            return adapted
        same.append(task)
        # One that was referred to before keeps its id, and is told to be there twice.
        name = task.id if task.id in self._awaited else self._free(task.id)
        self._taken.add(name)
        self._final.setdefault(task.id, name)
        return Task(name, adapted.type, adapted.inputs)

    def _free(self, name: str) -> str:
        numbered = (f"{name}-{number}" for number in range(2, len(self._taken) + 3))
        return next(each for each in (name, *numbered) if each not in self._taken)

    def _adapted(self, value: Value) -> Value:
        if isinstance(value, tuple):
            return tuple(self._adapted(item) for item in value)
        if isinstance(value, OutputRef) and value.task_id in self._final:
            return OutputRef(self._final[value.task_id], value.output, value.index)
        return value


def _fault(name: str) -> OrchestrionError:
    message = f"`${name[:80]}` may mean each of the tasks with that id: give them different ids."
    return Reason.DUPLICATE_TASK_ID.error(message, field="plan.tasks", task_id=name)
