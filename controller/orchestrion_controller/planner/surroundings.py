"""What there is beside the words of a request: its files, its library, and what earlier turns left."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from orchestrion.errors import Reason
from orchestrion.plans import ParameterKind, Task, TaskType
from orchestrion.runs import Artifact, Role
from orchestrion.values import ArtifactRef, OutputRef, Value
from orchestrion_controller.plans.kinds import accepts, kind_of_media_type, reads_as_text
from orchestrion_controller.stages import PastTurn, PlanningRequest


@dataclass(frozen=True, slots=True)
class Feed:
    """A value that a step can work on."""

    value: Value
    kind: ParameterKind
    is_text_file: bool = False
    """Whether it is a file that may be taken as its text."""

    def fits(self, kind: ParameterKind) -> bool:
        """Whether an input of a kind takes it as it is."""
        return accepts(kind, self.kind) or (kind is ParameterKind.TEXT and self.is_text_file)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a request can work on."""

    request: PlanningRequest

    @property
    def task_types(self) -> Mapping[str, TaskType]:
        """The library."""
        return self.request.task_types

    @property
    def text(self) -> str:
        """What the user says last."""
        return self.request.messages[self._last].text

    def saying(self, text: str) -> Surroundings:
        """The same with other words in the place of the user's last."""
        messages = list(self.request.messages)
        messages[self._last] = replace(messages[self._last], text=text)
        return Surroundings(replace(self.request, messages=tuple(messages)))

    @property
    def field(self) -> str:
        """The field of the request that holds its files, for errors."""
        return f"messages[{self._last}].artifacts"

    @property
    def own_files(self) -> tuple[Artifact, ...]:
        """The files of the user's last message; where it has none, those of all messages."""
        count = len(self.request.messages[self._last].artifacts)
        before = sum(len(message.artifacts) for message in self.request.messages[: self._last])
        return self.request.attachments[before : before + count] or self.request.attachments

    @property
    def files(self) -> tuple[Artifact, ...]:
        """The files of the request; where it has none, those of the last turn that had any."""
        return self.own_files or next(
            (files for turn in reversed(self.request.history) if (files := _attached(turn))), ()
        )

    @property
    def done(self) -> tuple[Task, ...]:
        """The tasks of the turn before."""
        turn = self.request.history[-1] if self.request.history else None
        return turn.plan.tasks if turn and turn.plan else ()

    def earlier(self, fits: Callable[[Feed], bool], but: str = "") -> list[Feed]:
        """Finds what fits of what the last turn with any left: what its last such tasks gave, else what they took.

        Args:
            fits: What is looked for.
            but: The name of outputs that are not meant.
        """
        for turn in reversed(self.request.history):
            tasks = turn.plan.tasks if turn.plan else ()
            for task in reversed(tasks):
                siblings = [item for item in tasks if item.type == task.type]
                left = [value for item in siblings for value in self._results_of(turn, item, but)]
                taken = [value for item in siblings for value in _taken(turn, item)]
                task_type = self.task_types.get(task.type)
                # What was spoken is still there as the text that it was: nobody has to listen to it.
                says_the_same = task_type is not None and task_type.converts
                for values in (left or taken, taken if says_the_same else []):
                    if feeds := [item for value in values if (item := _feed(turn, value)) and fits(item)]:
                        return feeds
        return []

    def _results_of(self, turn: PastTurn, task: Task, but: str) -> list[Value]:
        result = turn.results.get(task.id)
        if result is None or not result.succeeded:
            return []
        task_type = self.task_types.get(task.type)
        names = [output.name for output in task_type.outputs[:1]] if task_type else list(result.outputs)
        results = [name for name in names if name in result.outputs and name != but]
        return [item for name in results for item in items(result.outputs[name])]

    @property
    def _last(self) -> int:
        for index in range(len(self.request.messages) - 1, -1, -1):
            if self.request.messages[index].role in {Role.USER, Role.UNSPECIFIED}:
                return index
        raise Reason.REQUEST_EMPTY.error("The request has no message of the user; say what to do.", field="messages")


def feed_of(artifact: Artifact) -> Feed:
    """A file, as something to work on."""
    kind = kind_of_media_type(artifact.media_type)
    return Feed(ArtifactRef(artifact.name), kind, reads_as_text(artifact.media_type))


def resolved(turn: PastTurn, value: Value) -> Value:
    """Replaces references to outputs of an earlier turn by what they were."""
    if isinstance(value, tuple):
        return tuple(resolved(turn, item) for item in value)
    values = _resolved(turn, value)
    return values[0] if len(values) == 1 else tuple(values)


def items(value: Value) -> tuple[Value, ...]:
    """The items of a list; a single value is a list of one."""
    return value if isinstance(value, tuple) else (value,)


def _attached(turn: PastTurn) -> tuple[Artifact, ...]:
    names = (name for message in turn.messages for name in message.artifacts)
    return tuple(turn.artifacts[name] for name in names if name in turn.artifacts)


def _taken(turn: PastTurn, task: Task) -> list[Value]:
    """Lists what a task of an earlier turn worked on; its first input only, since the others are options."""
    first = next(iter(task.inputs.values()), ())
    return [item for value in items(first) for item in _resolved(turn, value)]


def _resolved(turn: PastTurn, value: Value) -> list[Value]:
    if not isinstance(value, OutputRef):
        return [value]
    result = turn.results.get(value.task_id)
    values = items(result.outputs[value.output]) if result and value.output in result.outputs else ()
    return list(values if value.index is None else values[value.index : value.index + 1])


def _feed(turn: PastTurn, value: Value) -> Feed | None:
    if isinstance(value, ArtifactRef):
        artifact = turn.artifacts.get(value.name)
        return feed_of(artifact) if artifact else None
    return Feed(value, ParameterKind.TEXT) if isinstance(value, str) else None
