"""Plans: task types, tasks, and what became of them. Fields are those of the messages of the same names."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.values import Value, renamed

_WAIT: Final = "retry_after_ms"


class ParameterKind(enum.IntEnum):
    """The kind of value that an input or output has."""

    UNSPECIFIED = 0
    """Not said; never valid."""
    TEXT = 1
    """Text. An input without `choices` also takes an artifact of a text media type (`text/*`, JSON, YAML and the like):
    it is read as text, in UTF-8 or what its byte order mark or its letters tell, when the task's inputs are resolved.
    One that is larger than 1 MiB or cannot be decoded fails the task with INVALID_INPUT.
    """
    NUMBER = 2
    """A number."""
    BOOLEAN = 3
    """A truth value."""
    JSON = 4
    """Structured data."""
    IMAGE = 5
    """An artifact with a media type of `image/*`."""
    AUDIO = 6
    """An artifact with a media type of `audio/*`."""
    VIDEO = 7
    """An artifact with a media type of `video/*`."""
    DOCUMENT = 8
    """An artifact of any other media type: a table, a PDF, a text file as it is."""

    @property
    def is_media(self) -> bool:
        """Whether its values are artifacts."""
        return self >= ParameterKind.IMAGE


class TaskState(enum.IntEnum):
    """How a task ended."""

    UNSPECIFIED = 0
    """Not said."""
    SUCCEEDED = 1
    """All its outputs exist."""
    FAILED = 2
    """Every attempt failed, or its inputs were wrong."""
    SKIPPED = 3
    """It never started, because a task that it refers to did not succeed."""
    CANCELLED = 4
    """It was cancelled with its run, or by a repair of the plan."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One input or output of a task type."""

    name: str
    """The name, lower_snake_case, unique among its siblings."""
    kind: ParameterKind
    """The kind of value."""
    description: str = ""
    """What it means, with its unit and range where it has one."""
    optional: bool = False
    """Whether a task may leave it out. Outputs that are optional may be missing from a result."""
    repeated: bool = False
    """Whether it is a list of `kind`. A list given where this is false unfolds into one call per item."""
    choices: tuple[str, ...] = ()
    """The texts allowed; empty allows all. Only for kind TEXT."""
    minimum: float | None = None
    """The smallest number allowed. Only for kind NUMBER."""
    maximum: float | None = None
    """The largest number allowed. Only for kind NUMBER."""


@dataclass(frozen=True, slots=True)
class TaskType:
    """What a task does, with named, typed inputs and outputs; the principal ones come first."""

    name: str
    """The tag: lower-case words joined by `-`, such as `object-detection`."""
    description: str
    """What a task of this type does, in one or two sentences for a person or a language model."""
    inputs: tuple[Parameter, ...]
    """The inputs, the principal one first."""
    outputs: tuple[Parameter, ...]
    """The outputs, the principal one first."""
    cues: tuple[str, ...] = ()
    """Phrases by which people ask for it ("read aloud", "speak"): shown to people, and what a task type is looked up by
    where there are too many to tell a language model all of each.
    """
    answer_template: str = ""
    """Tells one result in a sentence or two, for responders that have no language model. `{name}` stands for an output
    or else an input, `{input.name}` for an input that an output shares its name with, and `{name|words}` for the words
    where there is no such value. `{name:plain}` is a text without quotation marks, `{name:label}` the class of a model
    and `{name:language}` a language's tag as they are called, `{name:counted}` how many there are of each `label` in a
    list of objects, `{name:percent}` a share, `{count#0=no cats#% cat#% cats}` words that go with a number. Empty: the
    outputs are listed. A language's folder may have its own.
    """
    total_template: str = ""
    """Tells several results at once, those of a list that unfolded or of several tasks alike, in place of a sentence
    each. An output of kind NUMBER stands for the sum, one of kind TEXT for how often each value came ("2 positive and 1
    negative"), `{name:counted}` for all counts, an artifact for all of them, an input for the value that all have in
    common, `{most.name}` for an input of the result with the highest number, and `{items}` for the results one by one,
    as `item_template` has them. Empty: each is told by itself.
    """
    item_template: str = ""
    """Tells one result inside `{items}` in a few words, such as "{text:plain} in {image}"."""
    converts: bool = False
    """Whether the principal output says what the principal input says, in another form: reading, listening, speaking.
    Planners that have no language model put such a task between two others without being asked.
    """

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
    """The id, unique in the plan: 1 to 64 letters, digits, `-` and `_`."""
    type: str
    """The name of its task type."""
    inputs: Mapping[str, Value] = field(default_factory=dict)
    """The inputs by name: values, artifacts, or references to other tasks' outputs."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A directed acyclic graph of tasks. No tasks and a reason: the request needs no expert."""

    tasks: tuple[Task, ...] = ()
    """The tasks, in the order in which they were planned. A task may refer to a later one."""
    no_task_reason: str = ""
    """Why no expert is needed. Set exactly when `tasks` is empty."""

    def task(self, task_id: str) -> Task | None:
        """Returns the task of that id, or None."""
        return next((task for task in self.tasks if task.id == task_id), None)

    def with_task(self, task: Task) -> Plan:
        """Returns the plan with a task put in the place of the one with its id, or else added at the end."""
        if self.task(task.id) is None:
            return Plan((*self.tasks, task))
        return Plan(tuple(task if other.id == task.id else other for other in self.tasks))

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
            listed = ", ".join(task.id for task in self.tasks) or "none"
            message = f"The plan has no task {task_id!r}; there is: {listed}."
            raise Reason.UNKNOWN_REFERENCE.error(message, task_id=task_id)
        return task


@dataclass(frozen=True, slots=True)
class Error:
    """A failure inside an event or a resource."""

    reason: str
    """The reason, UPPER_SNAKE_CASE, one of the table in `docs/errors.md`."""
    message: str
    """One or two sentences for a person: what went wrong and the cure."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """What is dynamic in the message, by name; `field` names the input at fault."""

    @classmethod
    def of(cls, error: OrchestrionError) -> Error:
        """Describes an exception."""
        wait_ms = error.retry_after_ms
        wait = {} if wait_ms is None else {_WAIT: str(wait_ms)}
        return cls(error.reason, error.message, {**error.metadata, **wait})

    def exception(self) -> OrchestrionError:
        """Builds the exception that this describes."""
        wait = self.metadata.get(_WAIT, "")
        return Reason.rebuild(self.reason, self.message, self.metadata, int(wait) if wait.isdecimal() else None)


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What became of one task."""

    task_id: str
    """The id of the task."""
    state: TaskState
    """How it ended."""
    outputs: Mapping[str, Value] = field(default_factory=dict)
    """The outputs by name; set when `state` is SUCCEEDED."""
    error: Error | None = None
    """Why it did not succeed; set when `state` is FAILED or SKIPPED."""

    @property
    def succeeded(self) -> bool:
        """Whether all its outputs exist."""
        return self.state is TaskState.SUCCEEDED
