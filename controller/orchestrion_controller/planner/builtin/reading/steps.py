"""The steps that a request's words ask for, each with its words and the options that go with it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from orchestrion.plans import TaskType
from orchestrion_controller.planner.builtin.reading.segments import Segment
from orchestrion_controller.plans.offers import Ability, Option

_ANOTHER: Final = 5.0
"""From which log odds on words that ask for a step once more ask for another one: few requests do one thing twice."""

_LONG: Final = 200
"""From how many characters on words are a text, and no wish."""


@dataclass(slots=True)
class Step:
    """A step, while its words are being gathered."""

    ability: Ability
    words: list[Segment] = field(default_factory=list)
    """The words that ask for it."""
    options: list[Segment] = field(default_factory=list)
    """The words that give its options."""

    @property
    def task_type(self) -> TaskType:
        """What it is."""
        return self.ability.task_type

    @property
    def pieces(self) -> list[int]:
        """The pieces of all its words."""
        return sorted({piece for item in (*self.words, *self.options) for piece in item.pieces})

    @property
    def position(self) -> int:
        """Where the request first speaks of it."""
        return min(item.start for item in (*self.words, *self.options))


def gather(
    segments: Sequence[Segment],
    ability_of: Callable[[Segment], Ability],
    fits: Callable[[Segment, Ability], bool] = lambda _segment, _ability: True,
) -> list[Step]:
    """Makes steps of segments, in the order in which the request speaks of them.

    Args:
        segments: The segments of a request.
        ability_of: Chooses the ability of a task type for words that give one of its options and ask for none.
        fits: Whether words for an option may go with an ability: "twice as big" not with taking the colours out.
    """
    steps: list[Step] = []
    for segment in segments:
        if isinstance(segment.label, Ability):
            same = [step for step in steps if step.ability == segment.label]
            if same and segment.newness < _ANOTHER:
                same[-1].words.append(segment)
            else:
                steps.append(Step(segment.label, [segment]))
    for number, segment in enumerate(segments):
        if not isinstance(segment.label, Option):
            continue
        option = segment.label
        open_ones = [step for step in steps if step.task_type == option.task_type and fits(segment, step.ability)]
        if not open_ones and segment.end - segment.start > _LONG and any(_works_on(step, option) for step in steps):
            continue
        if not open_ones or _is_of_another(open_ones, segments, number):
            steps.append(Step(ability_of(segment), [], [segment]))
        else:
            _nearest(open_ones, segment).options.append(segment)
    return sorted(steps, key=lambda step: step.position)


def _works_on(step: Step, option: Option) -> bool:
    """Whether a long text that nothing is asked to be done with is one that a step which is asked for can work on."""
    own, other = (task_type.input("text") for task_type in (option.task_type, step.task_type))
    return option.parameter is own and bool(step.words and other and not other.optional)


def _is_of_another(steps: Sequence[Step], segments: Sequence[Segment], number: int) -> bool:
    """Whether an option goes with an object of its own: "the first one louder and the second one slower"."""
    last = steps[-1]
    if last.words or not last.options:
        return False
    between = [item for item in segments[:number] if item.label == "file" and item.start > last.options[-1].start]
    before = [item for item in segments[:number] if item.label == "file" and item.start < last.options[-1].start]
    return bool(between and before)


def _nearest(steps: Sequence[Step], segment: Segment) -> Step:
    def distance(step: Step) -> int:
        return min(max(segment.start - item.end, item.start - segment.end, 0) for item in (*step.words, *step.options))

    return min(steps, key=distance)
