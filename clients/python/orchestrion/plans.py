"""Plans: task types, tasks, and what became of them. Fields are those of the messages of the same names."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.values import Value, renamed


class ParameterKind(enum.IntEnum):
    """The kind of value that an input or output has."""

    UNSPECIFIED = 0
    TEXT = 1
    NUMBER = 2
    BOOLEAN = 3
    JSON = 4
    IMAGE = 5
    AUDIO = 6
    VIDEO = 7
    DOCUMENT = 8

    @property
    def is_media(self) -> bool:
        """Whether its values are artifacts."""
        return self >= ParameterKind.IMAGE


class TaskState(enum.IntEnum):
    """How a task ended."""

    UNSPECIFIED = 0
    SUCCEEDED = 1
    FAILED = 2
    SKIPPED = 3
    CANCELLED = 4


@dataclass(frozen=True, slots=True)
class Parameter:
    """One input or output of a task type."""

    name: str
    kind: ParameterKind
    description: str = ""
    optional: bool = False
    repeated: bool = False
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True)
class TaskType:
    """What a task does, with named, typed inputs and outputs; the principal ones come first."""

    name: str
    description: str
    inputs: tuple[Parameter, ...]
    outputs: tuple[Parameter, ...]
    cues: tuple[str, ...] = ()
    answer_template: str = ""
    total_template: str = ""
    item_template: str = ""
    converts: bool = False

    def input(self, name: str) -> Parameter | None:
        """Returns the input of that name, or None."""
        return next((parameter for parameter in self.inputs if parameter.name == name), None)

    def output(self, name: str) -> Parameter | None:
        """Returns the output of that name, or None."""
        return next((parameter for parameter in self.outputs if parameter.name == name), None)


@dataclass(frozen=True, slots=True)
class Task:
    """One typed step of a plan."""

    id: str
    type: str
    inputs: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """A directed acyclic graph of tasks. No tasks and a reason: the request needs no expert."""

    tasks: tuple[Task, ...] = ()
    no_task_reason: str = ""

    def task(self, task_id: str) -> Task | None:
        """Returns the task of that id, or None."""
        return next((task for task in self.tasks if task.id == task_id), None)

    def with_task(self, task: Task) -> Plan:
        """Returns the plan with a task put in the place of the one with its id, or else added at the end."""
        if self.task(task.id) is None:
            return Plan((*self.tasks, task))
        return Plan(tuple(task if known.id == task.id else known for known in self.tasks))

    def with_inputs(self, task_id: str, /, **inputs: Value | None) -> Plan:
        """Returns the plan with inputs of a task set, or left out where they are None.

        Raises:
            InvalidArgumentError: There is no such task.
        """
        task = self._task(task_id)
        changed = {name: value for name, value in {**task.inputs, **inputs}.items() if value is not None}
        return self.with_task(Task(task.id, task.type, changed))

    def without(self, task_id: str, /) -> Plan:
        """Returns the plan without a task; what refers to its outputs must be changed too.

        Raises:
            InvalidArgumentError: There is no such task.
        """
        gone = self._task(task_id)
        return Plan(tuple(task for task in self.tasks if task is not gone), self.no_task_reason)

    def with_artifacts(self, names: Mapping[str, str]) -> Plan:
        """Returns the plan with other names of its artifacts, such as `attachments/1`; others stay as they are."""
        changed = (
            Task(task.id, task.type, {key: renamed(value, names) for key, value in task.inputs.items()})
            for task in self.tasks
        )
        return Plan(tuple(changed), self.no_task_reason)

    def _task(self, task_id: str) -> Task:
        task = self.task(task_id)
        if task is None:
            known = ", ".join(task.id for task in self.tasks) or "none"
            message = f"The plan has no task {task_id!r}; there is: {known}."
            raise Reason.UNKNOWN_REFERENCE.error(message, task_id=task_id)
        return task


@dataclass(frozen=True, slots=True)
class Error:
    """A failure inside an event or a resource."""

    reason: str
    message: str
    metadata: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, error: OrchestrionError) -> Error:
        """Describes an exception."""
        return cls(error.reason, error.message, error.metadata)

    def exception(self) -> OrchestrionError:
        """Builds the exception that this describes."""
        return Reason.rebuild(self.reason, self.message, self.metadata)


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What became of one task."""

    task_id: str
    state: TaskState
    outputs: Mapping[str, Value] = field(default_factory=dict)
    error: Error | None = None

    @property
    def succeeded(self) -> bool:
        """Whether all its outputs exist."""
        return self.state is TaskState.SUCCEEDED
