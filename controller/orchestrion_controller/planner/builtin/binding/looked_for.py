"""What a detector is to look for: the things that a request names, whatever else its words were taken for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from orchestrion.plans import Task, TaskType
from orchestrion.values import Value
from orchestrion_controller.languages.answers import words_of
from orchestrion_controller.languages.messages import ENGLISH
from orchestrion_controller.planner.builtin.binding.named_things import NamedThings
from orchestrion_controller.planner.builtin.reading.readings import Reading
from orchestrion_controller.planner.builtin.reading.segments import Segment
from orchestrion_controller.planner.builtin.reading.steps import Step
from orchestrion_controller.planner.spoken import Spoken
from orchestrion_controller.plans.offers import Ability, Option

LABELS: Final = "labels"
"""The input by which detectors are told what to look for."""
_DETECTED: Final = "objects"
"""The output that has what they saw."""
_ANYTHING: Final = "object"
"""What all things are called."""
_FACES: Final = frozenset({"face", "person"})
"""What an expert of faces counts."""


class LookedFor:
    """What the detectors of one request look for."""

    def __init__(self, reading: Reading, spoken: Spoken, asked_in: str) -> None:
        """Keeps what a request says, and the tag of its language."""
        self._reading = reading
        self._asked_in = asked_in
        self._texts = [(item.start, item.end) for item in spoken.quotations]
        self._things = NamedThings(spoken.text, asked_in)

    def names_things(self, segment: Segment) -> bool:
        """Says whether words that seemed to ask for what nothing does name things that a step detects."""
        return any(detects(step.task_type) for step in self._reading.steps) and bool(
            self._things.within(segment.start, segment.end)
        )

    def classes(self, segment: Segment, said: str) -> list[str]:
        """Returns the English names of the things of some words, as detectors were taught them.

        The words themselves in English, and where the language lists no such things.
        """
        if self._asked_in == ENGLISH:
            return [said]
        return self._things.within(segment.start, segment.end) or [words_of(self._asked_in).thing(said)]

    def complete(self, step: Step, said: Sequence[Value]) -> list[Value]:
        """Adds what a detector looks for by words that were not taken for that: "count the zebras" is not for horses.

        Args:
            step: The detector.
            said: What the words for its labels came to.
        """
        unmet = [item for item in self._reading.of_role("unmet") if self.names_things(item)]
        names = [name for item in unmet for name in self._things.within(item.start, item.end)]
        if not (said or names or step.ability.choices or len(self._reading.steps) > 1):
            names = self._beside_options_and_files()
        return [] if _ANYTHING in names else list(dict.fromkeys([*said, *names]))

    def for_everyday_things(self) -> Reading:
        """Returns the reading without the choice of an expert of faces where all that is named is something else.

        "Count" is most often for faces, in what the reader learned from.
        """
        names = frozenset(self._things.beside(self._texts))
        (step, *others) = self._reading.steps or (None,)
        if (
            step is None
            or others
            or not detects(step.task_type)
            or not step.ability.choices
            or not names
            or names & _FACES
        ):
            return self._reading
        return replace(self._reading, steps=(replace(step, ability=Ability(step.task_type)),))

    def _beside_options_and_files(self) -> list[str]:
        others = [item for item in self._reading.segments if self._is_for_another(item)]
        return self._things.beside([*self._texts, *((item.start, item.end) for item in others)])

    def _is_for_another(self, segment: Segment) -> bool:
        """Says whether words are for an option, or for a file by more than what is in it: "the picture of the dog"."""
        things = self._things.within(segment.start, segment.end)
        return isinstance(segment.label, Option) or (segment.label == "file" and not things)


def detects(task_type: TaskType) -> bool:
    """Says whether a task type is one that looks for things by name."""
    return task_type.input(LABELS) is not None and task_type.output(_DETECTED) is not None


def looks_for_anything(task: Task, task_type: TaskType) -> bool:
    """Says whether a task looks for whatever there is, by no name and with no option."""
    return detects(task_type) and len(task.inputs) == 1
