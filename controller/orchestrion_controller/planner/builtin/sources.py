"""What there is to work on: texts and attachments of the request, outputs of its steps, and what earlier turns left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrion.errors import Reason
from orchestrion.plans import ParameterKind, Task
from orchestrion.runs import Artifact, Role
from orchestrion.values import ArtifactRef, OutputRef, Value
from orchestrion_controller.planner.builtin.mentions import Mention
from orchestrion_controller.plans.kinds import kind_of_media_type
from orchestrion_controller.stages import PastTurn, PlanningRequest


@dataclass(frozen=True, slots=True)
class Source:
    """A value that a step can work on."""

    value: Value
    kind: ParameterKind
    position: int = 0
    """Where the request speaks of it."""


class Attachments:
    """The request's attachments, found by what the request calls them."""

    def __init__(self, request: PlanningRequest) -> None:
        """Takes the attachments of the user's last message; where it has none, those of all messages."""
        index = last_user_message(request)
        count = len(request.messages[index].artifacts)
        before = sum(len(message.artifacts) for message in request.messages[:index])
        own = request.attachments[before : before + count]
        self._field = f"messages[{index}].artifacts"
        self._artifacts = own or request.attachments
        self._single = 0

    @property
    def field(self) -> str:
        """The field of the request that holds them, for errors."""
        return self._field

    def all(self) -> list[Source]:
        """Lists every attachment."""
        return [_source(artifact) for artifact in self._artifacts]

    def named(self, mention: Mention, singles: int) -> list[Source]:
        """Finds what is meant.

        Args:
            mention: How the request speaks of it.
            singles: How often the request speaks of one without saying which: "this sign … that sign" are two in order.

        Raises:
            InvalidArgumentError: There are not as many attachments.
        """
        fitting = [
            artifact
            for artifact in self._artifacts
            if mention.kind is None or kind_of_media_type(artifact.media_type) is mention.kind
        ]
        if mention.file_name:
            chosen = [artifact for artifact in self._artifacts if artifact.file_name == mention.file_name][:1]
        elif mention.ordinal is not None:
            index = mention.ordinal - 1 if mention.ordinal > 0 else mention.ordinal
            if index >= len(fitting):
                what = noun(mention.kind, plural=True)
                message = f"The request speaks of number {mention.ordinal} of the {what}; {len(fitting)} attached."
                raise Reason.MISSING_INPUT.error(f"{message} Attach the missing ones.", field=self._field)
            chosen = [fitting[index]] if fitting else []
        elif mention.is_many or singles < 2:
            chosen = fitting
        else:
            chosen = [fitting[min(self._single, len(fitting) - 1)]] if fitting else []
            self._single += 1
        return [_source(artifact, mention.position) for artifact in chosen]


def from_history(history: Sequence[PastTurn], kind: ParameterKind) -> list[Source]:
    """Finds what the last turn that had any left of a kind: outputs of its last such tasks, else their inputs."""
    for turn in reversed(history):
        tasks = turn.plan.tasks if turn.plan else ()
        for task in reversed(tasks):
            found = [
                Source(value, kind)
                for sibling in tasks
                if sibling.type == task.type
                for value in _outputs(turn, sibling, kind) or _inputs(turn, sibling, kind)
            ]
            if found:
                return found
        attached = [
            turn.artifacts[name] for message in turn.messages for name in message.artifacts if name in turn.artifacts
        ]
        found = [_source(artifact) for artifact in attached if kind_of_media_type(artifact.media_type) is kind]
        if found:
            return found
    return []


def last_user_message(request: PlanningRequest) -> int:
    """Tells the index of the message to plan for.

    Raises:
        InvalidArgumentError: The user says nothing.
    """
    for index in range(len(request.messages) - 1, -1, -1):
        if request.messages[index].role in {Role.USER, Role.UNSPECIFIED}:
            return index
    raise Reason.REQUEST_EMPTY.error("The request has no message of the user; say what to do.", field="messages")


def noun(kind: ParameterKind | None, *, plural: bool = False) -> str:
    """Names a kind of value for a message."""
    words = {
        ParameterKind.TEXT: ("a text", "texts"),
        ParameterKind.IMAGE: ("a picture", "pictures"),
        ParameterKind.AUDIO: ("a sound file", "sound files"),
        ParameterKind.VIDEO: ("a video", "videos"),
        ParameterKind.DOCUMENT: ("a document", "documents"),
    }
    return words.get(kind or ParameterKind.UNSPECIFIED, ("a file", "files"))[plural]


def _source(artifact: Artifact, position: int = 0) -> Source:
    return Source(ArtifactRef(artifact.name), kind_of_media_type(artifact.media_type), position)


def _outputs(turn: PastTurn, task: Task, kind: ParameterKind) -> list[Value]:
    result = turn.results.get(task.id)
    if result is None or not result.succeeded:
        return []
    return [item for value in result.outputs.values() for item in _items(value) if _is_of(turn, item, kind)]


def _inputs(turn: PastTurn, task: Task, kind: ParameterKind) -> list[Value]:
    """Lists what a task of an earlier turn worked on; its first input only, since the others are options."""
    first = next(iter(task.inputs.values()), ())
    return [item for value in _items(first) for item in _resolved(turn, value) if _is_of(turn, item, kind)]


def _resolved(turn: PastTurn, value: Value) -> list[Value]:
    if not isinstance(value, OutputRef):
        return [value]
    result = turn.results.get(value.task_id)
    items = _items(result.outputs[value.output]) if result and value.output in result.outputs else ()
    return list(items if value.index is None else items[value.index : value.index + 1])


def _items(value: Value) -> tuple[Value, ...]:
    return value if isinstance(value, tuple) else (value,)


def _is_of(turn: PastTurn, value: Value, kind: ParameterKind) -> bool:
    if isinstance(value, ArtifactRef):
        artifact = turn.artifacts.get(value.name)
        return artifact is not None and kind_of_media_type(artifact.media_type) is kind
    return kind is ParameterKind.TEXT and isinstance(value, str)
