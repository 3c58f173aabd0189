"""What there is to work on: texts and attachments of the request, outputs of its steps, and what earlier turns left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from orchestrion.errors import Reason
from orchestrion.plans import ParameterKind, Task, TaskType
from orchestrion.runs import Artifact, Role
from orchestrion.values import ArtifactRef, OutputRef, Value
from orchestrion_controller.planner.builtin.grammar.mentions import Mention
from orchestrion_controller.plans.kinds import accepts, kind_of_media_type, reads_as_text
from orchestrion_controller.stages import PastTurn, PlanningRequest


@dataclass(frozen=True, slots=True)
class Source:
    """A value that a step can work on."""

    value: Value
    kind: ParameterKind
    position: int = 0
    """Where the request speaks of it."""
    is_about: bool = False
    """Whether it says something about a thing, rather than being one ("positive", 0.7)."""
    is_document: bool = False
    """Whether it is a text file, which may be taken as it is, too."""

    def fits(self, kind: ParameterKind) -> bool:
        """Whether an input of a kind takes it."""
        return accepts(kind, self.kind) or (self.is_document and kind is ParameterKind.DOCUMENT)


class Attachments:
    """The request's attachments, found by what the request calls them."""

    def __init__(self, request: PlanningRequest, singles: Mapping[ParameterKind | None, int]) -> None:
        """Takes the attachments of the user's last message; where it has none, those of all messages.

        Args:
            request: The request.
            singles: How often it speaks of one attachment of a kind without saying which: "this sign … that sign" are
                two in order.
        """
        index = last_user_message(request)
        count = len(request.messages[index].artifacts)
        before = sum(len(message.artifacts) for message in request.messages[:index])
        own = request.attachments[before : before + count]
        self._field = f"messages[{index}].artifacts"
        self._artifacts = own or request.attachments
        self._earlier = next((found for turn in reversed(request.history) if (found := _attached(turn))), ())
        self._singles = singles
        self._taken: Counter[ParameterKind | None] = Counter()
        self._spoken_of: set[str] = set()

    @property
    def field(self) -> str:
        """The field of the request that holds them, for errors."""
        return self._field

    def all(self) -> list[Source]:
        """Lists every attachment."""
        return [_source(artifact) for artifact in self._artifacts]

    def named(self, mention: Mention) -> list[Source]:
        """Finds what is meant; among those of an earlier turn where the request has none and says which.

        Raises:
            InvalidArgumentError: There are not as many attachments.
        """
        says_which = mention.file_name or mention.ordinal is not None or mention.is_many or mention.is_other
        artifacts = self._artifacts or (self._earlier if says_which else ())
        fitting = [artifact for artifact in artifacts if _is_called(artifact, mention.kind)]
        if not fitting and mention.kind in {ParameterKind.TEXT, ParameterKind.DOCUMENT}:
            # A letter may well be a picture of one, or be read out in a recording.
            fitting = list(artifacts)
        if mention.file_name:
            chosen = [artifact for artifact in artifacts if artifact.file_name == mention.file_name][:1]
        elif mention.ordinal is not None:
            chosen = self._at(mention, fitting)
        elif mention.is_other:
            chosen = [artifact for artifact in fitting if artifact.name not in self._spoken_of] or fitting[-1:]
        elif mention.is_many or self._singles.get(mention.kind, 0) < 2:
            chosen = fitting
        else:
            chosen = fitting[min(self._taken[mention.kind], len(fitting) - 1) :][:1]
            self._taken[mention.kind] += 1
        self._spoken_of |= {artifact.name for artifact in chosen}
        return [_source(artifact, mention.position) for artifact in chosen]

    def _at(self, mention: Mention, fitting: Sequence[Artifact]) -> list[Artifact]:
        place = mention.ordinal or 0
        if mention.count > 1:
            return list(fitting[: mention.count] if place > 0 else fitting[-mention.count :])
        index = place - 1 if place > 0 else place
        if index >= len(fitting) and fitting:
            what = noun(mention.kind, plural=True)
            message = f"The request speaks of number {place} of the {what}; {len(fitting)} attached."
            raise Reason.MISSING_INPUT.error(f"{message} Attach the missing ones.", field=self._field)
        return [fitting[index]] if fitting else []


def from_history(
    history: Sequence[PastTurn],
    kind: ParameterKind,
    task_types: Mapping[str, TaskType],
    about: Collection[str] = (),
    only: Collection[str] = (),
) -> list[Source]:
    """Finds what the last turn that had any left of a kind: outputs of its last such tasks, else their inputs.

    Args:
        history: Earlier turns, the oldest first.
        kind: The kind wanted.
        task_types: The task types by name, which tell the principal outputs.
        about: Names of outputs that are passed over, since they only say something about a thing.
        only: The task types whose outputs are meant; all, and inputs and attachments as well, where none are named.
    """
    for turn in reversed(history):
        tasks = [task for task in (turn.plan.tasks if turn.plan else ()) if not only or task.type in only]
        for task in reversed(tasks):
            found = [
                Source(value, kind)
                for sibling in tasks
                if sibling.type == task.type
                for value in _outputs(turn, sibling, kind, task_types, about)
                or ([] if only else _inputs(turn, sibling, kind))
            ]
            if found:
                return found
        found = [_source(artifact) for artifact in _attached(turn)]
        found = [source for source in found if source.fits(kind)]
        if found and not only:
            return found
    return []


def resolved(turn: PastTurn, value: Value) -> Value:
    """Replaces references to outputs of an earlier turn by what they were."""
    if isinstance(value, tuple):
        return tuple(resolved(turn, item) for item in value)
    found = _resolved(turn, value)
    return found[0] if len(found) == 1 else tuple(found)


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
        ParameterKind.NUMBER: ("a number", "numbers"),
        ParameterKind.JSON: ("data", "data"),
        ParameterKind.IMAGE: ("a picture", "pictures"),
        ParameterKind.AUDIO: ("a sound file", "sound files"),
        ParameterKind.VIDEO: ("a video", "videos"),
        ParameterKind.DOCUMENT: ("a document", "documents"),
    }
    return words.get(kind or ParameterKind.UNSPECIFIED, ("a file", "files"))[plural]


def _attached(turn: PastTurn) -> tuple[Artifact, ...]:
    names = (name for message in turn.messages for name in message.artifacts)
    return tuple(turn.artifacts[name] for name in names if name in turn.artifacts)


def _source(artifact: Artifact, position: int = 0) -> Source:
    if reads_as_text(artifact.media_type):
        return Source(ArtifactRef(artifact.name), ParameterKind.TEXT, position, is_document=True)
    return Source(ArtifactRef(artifact.name), kind_of_media_type(artifact.media_type), position)


def _is_called(artifact: Artifact, kind: ParameterKind | None) -> bool:
    return kind is None or _source(artifact).fits(kind)


def _outputs(
    turn: PastTurn, task: Task, kind: ParameterKind, task_types: Mapping[str, TaskType], about: Collection[str]
) -> list[Value]:
    result = turn.results.get(task.id)
    if result is None or not result.succeeded:
        return []
    known = task_types.get(task.type)
    names = [output.name for output in known.outputs[:1]] if known else list(result.outputs)
    values = [result.outputs[name] for name in names if name in result.outputs and name not in about]
    return [item for value in values for item in _items(value) if _is_of(turn, item, kind)]


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
        return artifact is not None and _source(artifact).fits(kind)
    return kind is ParameterKind.TEXT and isinstance(value, str)
