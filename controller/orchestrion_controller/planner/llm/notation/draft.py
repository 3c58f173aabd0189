"""One plan of a reply: tasks come in as they are written, and go out once all that they refer to is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.plans import Parameter, ParameterKind, Task, TaskType
from orchestrion.refusals import NotDone
from orchestrion.values import Json, JsonData, OutputRef, Value
from orchestrion_controller.planner.llm.notation import refusals
from orchestrion_controller.planner.llm.notation.names import PlanNames
from orchestrion_controller.planner.llm.notation.scope import UnreadableError, UnresolvedError
from orchestrion_controller.planner.llm.notation.spelling import letters
from orchestrion_controller.planner.llm.notation.statements import Statement, statement, written_id
from orchestrion_controller.planner.llm.notation.values import read

_LONGEST_ID: Final = 80


class WrittenPlan:
    """A plan as far as it is written. It is the `Scope` of its tasks."""

    def __init__(self, task_types: Mapping[str, TaskType], names: PlanNames) -> None:
        """Prepares for one plan.

        Args:
            task_types: What tasks may be of, by name.
            names: The files and texts that have names.
        """
        self.names = names
        self.tasks: list[Task] = []
        """Those that are read, in the order in which they could be."""
        self.faults: list[OrchestrionError] = []
        self.no_task_reason = ""
        self.not_done: tuple[NotDone, ...] = ()
        self.needed: Mapping[NotDone, str] = {}
        """The names of the task types that would do parts that are not done, by part."""
        self.is_closed = False
        self.is_whole = False
        """Whether it was written to its end."""
        self._task_types = task_types
        self._statements: dict[str, Statement] = {}
        self._read: dict[str, Task] = {}
        self._unfolded: dict[str, bool] = {}
        """Whether a task that is read runs once for each item of a list."""
        self._waiting: dict[str, list[tuple[Statement, int]]] = {}
        """The tasks that wait for another one, by the letters of its id."""
        self._count = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it says anything."""
        return not (self._count or self.faults or self.no_task_reason or self.not_done)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the tasks so far."""
        return tuple(self._statements)

    @property
    def count(self) -> int:
        """The number of tasks so far, those that cannot be read among them."""
        return self._count

    def has(self, data: JsonData) -> bool:
        """Whether there is a task of the same id."""
        return written_id(data) in self._statements

    def type_of(self, task_id: str) -> TaskType | None:
        """Returns the type of a task; None where it is of no type that there is."""
        return self._statements[task_id].task_type

    def gives_list(self, task_id: str, output: str) -> bool | None:
        """Whether an output is a list; None as long as its task is not read."""
        task, task_type = self._read.get(task_id), self.type_of(task_id)
        if task is None or task_type is None:
            return None
        parameter = task_type.output(output)
        return bool(parameter and parameter.repeated) or self._unfolded[task.id]

    def add(self, data: JsonData) -> list[Task]:
        """Takes what stands for a task, and returns the tasks that can be read now."""
        self._count += 1
        number = self._count
        try:
            stated = statement(data, number, self._task_types, self._statements)
        except UnreadableError as error:
            task_id = written_id(data)
            self.add_fault(error.reason, error.message, f"tasks[{number - 1}]", task_id)
            if task_id:
                self._statements.setdefault(task_id, Statement(task_id, "", None))
            return self._woken(task_id)
        self._statements.setdefault(stated.id, stated)
        return [*self._try(stated, number), *self._woken(stated.id)]

    def add_fault(self, reason: Reason, message: str, field: str, task_id: str = "") -> None:
        """Adds what cannot be read."""
        texts = [text.encode(errors="replace").decode() for text in (message, f"plan.{field}", task_id)]
        metadata = {"field": texts[1], **({"task_id": texts[2][:_LONGEST_ID]} if task_id else {})}
        self.faults.append(reason.error(texts[0], metadata))

    def add_unreadable(self, what: str) -> None:
        """Counts a task whose text cannot be read.

        Args:
            what: What is wrong with the text.
        """
        self._count += 1
        message = f"Task {self._count} cannot be read as JSON: {what}."
        self.add_fault(Reason.PLAN_INVALID, message, f"tasks[{self._count - 1}]")

    def close(self, members: Mapping[str, JsonData]) -> list[Task]:
        """Takes what the plan has beside its tasks, and returns the tasks that waited for others.

        Args:
            members: The plan's object; empty for a bare list of tasks.
        """
        self.is_closed = self.is_whole = True
        self.no_task_reason = refusals.no_task_reason(members)
        self.not_done = refusals.not_done(members)
        self.needed = refusals.needed(members)
        waiting = [entry for entries in self._waiting.values() for entry in entries]
        self._waiting = {}
        tasks: list[Task] = []
        for stated, number in sorted(waiting, key=lambda entry: entry[1]):
            tasks += self._try(stated, number)
        if self.no_task_reason and self._count:
            # Said of a plan with tasks, it is the reason for what they leave out.
            self.not_done = (*self.not_done, NotDone(reason=self.no_task_reason))
            self.no_task_reason = ""
        if not self._count and not self.no_task_reason:
            self.no_task_reason = " ".join(dict.fromkeys(part.reason for part in self.not_done if part.reason))
        return tasks

    def _woken(self, task_id: str) -> list[Task]:
        """Reads the tasks that waited for one, and those that waited for them."""
        queue, tasks = [letters(task_id)], list[Task]()
        while queue:
            for stated, number in self._waiting.pop(queue.pop(), []):
                read_now = self._try(stated, number)
                tasks += read_now
                queue += [letters(task.id) for task in read_now]
        return tasks

    def _try(self, stated: Statement, number: int) -> list[Task]:
        """Reads a task, unless it waits for another."""
        inputs: dict[str, Value] = {}
        unreadable: list[tuple[str, UnreadableError]] = []
        for name, data in stated.inputs.items() if stated.task_type else ():
            parameter = stated.task_type.input(name) if stated.task_type else None
            try:
                inputs[name] = read(data, parameter or Parameter(name, ParameterKind.JSON), self)
            except UnresolvedError as error:
                self._waiting.setdefault(letters(error.task_id), []).append((stated, number))
                return []
            except UnreadableError as error:
                if parameter is None:
                    inputs[name] = Json(None)
                else:
                    unreadable.append((name, error))
        for name, refused in unreadable:
            message = refused.message if refused.message.endswith((".", "?")) else f"{refused.message}."
            field = f"tasks[{number - 1}].inputs.{name[:_LONGEST_ID]}"
            self.add_fault(refused.reason, message, field, stated.id)
        if unreadable:
            return []
        task = Task(stated.id, stated.type_name, inputs)
        if task.id not in self._read:
            self._read[task.id] = task
            self._unfolded[task.id] = stated.task_type is not None and self._unfolds(task, stated.task_type)
        self.tasks.append(task)
        return [task]

    def _unfolds(self, task: Task, task_type: TaskType) -> bool:
        depths = ((task_type.input(name), self._depth(value)) for name, value in task.inputs.items())
        return any(parameter is not None and depth > parameter.repeated for parameter, depth in depths)

    def _depth(self, value: Value) -> int:
        """Returns the depth of lists around the single values; what a circle of references gives counts as single."""
        if isinstance(value, tuple):
            return 1 + max(map(self._depth, value), default=0)
        if not isinstance(value, OutputRef) or value.task_id not in self._unfolded:
            return 0
        return bool(self.gives_list(value.task_id, value.output)) - (value.index is not None)
