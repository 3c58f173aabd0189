"""Readings without a reader: requests whose words are marked by hand, in the notation of `training/planner/data`.

`read_as("{1 Read} {f1 this} aloud", "image-to-text image=f1", files=("a.png",))` is what a perfect reader would say.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from orchestrion import task_types
from orchestrion.plans import Task
from orchestrion.runs import Artifact, Message
from orchestrion.values import ArtifactRef, OutputRef, Value
from orchestrion_controller import languages
from orchestrion_controller.planner import spoken
from orchestrion_controller.planner.asides import asides
from orchestrion_controller.planner.builtin.binding.tasks import Draft, TaskMaker
from orchestrion_controller.planner.builtin.reading.readings import Reading
from orchestrion_controller.planner.builtin.reading.segments import Label, Segment
from orchestrion_controller.planner.builtin.reading.steps import Step
from orchestrion_controller.planner.surroundings import Surroundings
from orchestrion_controller.plans.offers import Ability, Option
from orchestrion_controller.stages import PastTurn, PlanningRequest
from training.planner import marked
from training.planner.classes import Classes
from training.planner.encoding import own_library
from training.planner.marked import Marked

TYPES: Final = task_types.load()
CLASSES: Final = Classes(own_library().offer)
CHANGES: Final = ("", "+", "-", "++", "--", "+~", "-~")


@dataclass(frozen=True, slots=True)
class Case:
    """A request with what a perfect reader makes of it."""

    around: Surroundings
    reading: Reading
    said: spoken.Spoken
    language: str

    @property
    def maker(self) -> TaskMaker:
        """What makes its tasks."""
        return TaskMaker(self.reading, self.around, self.said, self.language)

    def make(self) -> Draft:
        """Makes its tasks."""
        return self.maker.make()

    def plan(self) -> list[str]:
        """Makes its tasks, one line each."""
        return [written(task, self.around.files) for task in self.make().tasks]


def read_as(
    text: str, *steps: str, files: Sequence[str] = (), tag: str = "en", history: tuple[PastTurn, ...] = ()
) -> Case:
    """A request by its marks."""
    return case_of(marked.parse({"text": text, "steps": steps, "files": files}, tag, TYPES), history)


def case_of(request: Marked, history: tuple[PastTurn, ...] = ()) -> Case:
    """A marked request; after a turn, its files are what that turn left."""
    artifacts = () if history else attached(request.files)
    message = Message(request.text, artifacts=tuple(item.name for item in artifacts))
    around = Surroundings(PlanningRequest((message,), artifacts, TYPES, history))
    said = spoken.read(request.text, asides(request.text, request.files), [languages.load()[request.language]])
    return Case(around, reading_of(request), said, request.language)


def attached(files: Sequence[str]) -> tuple[Artifact, ...]:
    """Attachments of some names, in order."""
    return tuple(
        Artifact(f"artifacts/{number:064x}", mimetypes.guess_type(name)[0] or "text/plain", name, 1)
        for number, name in enumerate(files, start=1)
    )


def reading_of(request: Marked) -> Reading:
    """What a perfect reader makes of a marked request."""
    segments: list[Segment] = []
    changes: list[tuple[Segment, str]] = []
    words: dict[int, tuple[list[Segment], list[Segment]]] = {}
    for item in request.segments:
        segment = Segment(_label(item, request), item.start, item.end, (), newness=0.0, probability=1.0)
        segments.append(segment)
        if isinstance(segment.label, Option):
            changes.append((segment, CHANGES[CLASSES.change(item, request)]))
        if item.role in {"ask", "input"} and not isinstance(segment.label, str):
            words.setdefault(item.step, ([], []))[item.role == "input"].append(segment)
    numbers = _ordered(request, list(words))
    steps = [
        Step(Ability(TYPES[step.type], tuple(sorted(step.choices.items()))), *words[number])
        for number in numbers
        for step in [request.steps[number]]
    ]
    return Reading(
        tuple(segments),
        tuple(steps),
        tuple(
            tuple(numbers.index(source) for source in sorted(request.steps[number].sources) if source in numbers)
            for number in numbers
        ),
        tuple(
            tuple(
                segment
                for segment, item in zip(segments, request.segments, strict=True)
                if item.role == "file" and request.steps[number].files & set(item.files)
            )
            for number in numbers
        ),
        tuple(changes),
        (None,) * len(steps),
        1.0,
    )


def written(task: Task, files: Sequence[Artifact] = ()) -> str:
    """A task in a few characters: `summarization f1 sentence_count=3`; of files and results only what they are."""
    numbers = {artifact.name: f"f{number}" for number, artifact in enumerate(files, start=1)}
    parts = [task.type]
    for name, value in task.inputs.items():
        shown = _shown(value, numbers)
        parts.append(shown if isinstance(value, ArtifactRef | OutputRef) else f"{name}={shown}")
    return " ".join(parts)


def _shown(value: Value, numbers: dict[str, str]) -> str:
    match value:
        case ArtifactRef(name=name):
            return numbers.get(name, name)
        case OutputRef(task_id=task_id):
            return f"<{task_id}>"
        case tuple():
            return ",".join(_shown(item, numbers) for item in value)
        case int() | float():
            return f"{value:g}"
        case _:
            return f"'{value}'"


def _label(item: marked.Segment, request: Marked) -> Label:
    if item.role not in {"ask", "input"}:
        return item.role
    step = request.steps[item.step]
    if item.role == "ask":
        return Ability(TYPES[step.type], tuple(sorted(step.choices.items())))
    own = request.before[::-1] if step.type == "again" else (step.type,)
    task_type = next(TYPES[name] for name in own if TYPES[name].input(item.parameter))
    parameter = task_type.input(item.parameter)
    assert parameter is not None
    return Option(task_type, parameter)


def _ordered(request: Marked, numbers: list[int]) -> list[int]:
    """Each step after those that feed it, else by number."""
    order: list[int] = []
    waiting = sorted(number for number in numbers if request.steps[number].type in TYPES)
    while waiting:
        following = next(item for item in waiting if not (request.steps[item].sources & set(waiting)) - {item})
        order.append(following)
        waiting.remove(following)
    return order
