"""The plan while it grows: tasks by type, made once each, and the sources that they give."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from orchestrion.plans import ParameterKind, Task, TaskType
from orchestrion.values import OutputRef, Value
from orchestrion_controller.planner.builtin.grammar import chains
from orchestrion_controller.planner.builtin.grammar.sources import Source


class Draft:
    """The tasks so far; each comes after those that it refers to."""

    def __init__(self, task_types: Mapping[str, TaskType], about: Collection[str]) -> None:
        """Begins without tasks.

        Args:
            task_types: What tasks may be of, by name.
            about: Names of outputs that say something about a thing, rather than being a new one.
        """
        self._task_types = task_types
        self._about = about
        self.tasks: list[Task] = []

    def add(self, task_type: TaskType, inputs: Mapping[str, Value]) -> Task:
        """Adds a task, unless the same is there already."""
        same = next((task for task in self.tasks if task.type == task_type.name and task.inputs == inputs), None)
        if same:
            return same
        count = sum(task.type == task_type.name for task in self.tasks)
        task = Task(f"{task_type.name}-{count + 1}"[-64:], task_type.name, dict(inputs))
        self.tasks.append(task)
        return task

    def given(self, task: Task, position: int = 0) -> list[Source]:
        """Lists what a task gives: its principal output."""
        return [
            Source(
                OutputRef(task.id, output.name), output.kind, position, judges(self._task_types[task.type], self._about)
            )
            for output in self._task_types[task.type].outputs[:1]
        ]

    def turned(self, sources: Iterable[Source], kind: ParameterKind) -> tuple[list[Source], list[Source]]:
        """Turns sources into a kind, adding the tasks that this takes; drops those that cannot be turned.

        Returns:
            The sources of the kind, and all that was made on the way.
        """
        turned: list[Source] = []
        steps: list[Source] = []
        for source in sources:
            chain = () if source.fits(kind) else chains.find(self._task_types.values(), source.kind, kind)
            if chain is None:
                continue
            current = source
            for link in chain:
                task = self.add(link.task_type, {link.input.name: current.value})
                current = Source(OutputRef(task.id, link.output.name), link.output.kind, source.position)
                steps.append(current)
            turned.append(current)
        return turned, steps

    def in_other_words(self, source: Source, kind: ParameterKind) -> Source | None:
        """Takes another output of the task that gave a source, where that is of the kind wanted ("2 faces" for 2)."""
        if source.fits(kind) or not isinstance(source.value, OutputRef):
            return source if source.fits(kind) else None
        task_id = source.value.task_id
        task_type = next(self._task_types[task.type] for task in self.tasks if task.id == task_id)
        other = next((output for output in task_type.outputs if output.kind is kind), None)
        return None if other is None else Source(OutputRef(task_id, other.name), kind, source.position, source.is_about)

    def of_type(self, names: Collection[str], mode: tuple[str, str | float] | None = None) -> list[Task]:
        """Lists the tasks of some types, of one way of working where a mode is given."""
        return [
            task for task in self.tasks if task.type in names and (mode is None or task.inputs.get(mode[0]) == mode[1])
        ]


def judges(task_type: TaskType, about: Collection[str]) -> bool:
    """Whether a step only says something about a thing, as one does that counts or gives a score."""
    return any(output.name in about for output in task_type.outputs)
