"""What a request says: every word of it, or which steps it most likely wants."""

from __future__ import annotations

from dataclasses import dataclass, replace

from orchestrion.plans import TaskType
from orchestrion_controller.planner.builtin.reading.graph import Graph
from orchestrion_controller.planner.builtin.reading.segments import Segment
from orchestrion_controller.planner.builtin.reading.steps import Step
from orchestrion_controller.plans.offers import Ability


@dataclass(frozen=True, slots=True)
class Rival:
    """What words may ask for as well, of what is here."""

    ability: Ability
    behind: float
    """How much less they do, in nats."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a request says."""

    segments: tuple[Segment, ...]
    """Its words, but for those that are there for nothing."""
    steps: tuple[Step, ...]
    """What it asks for, each after all that feed it."""
    sources: tuple[tuple[int, ...], ...]
    """For each step the indices of those that feed it."""
    objects: tuple[tuple[Segment, ...], ...]
    """For each step the words for the files that it works on."""
    changes: tuple[tuple[Segment, str], ...]
    """How the words for options change them: one of `CHANGES`."""
    rivals: tuple[Rival | None, ...]
    """For each step what else its words come nearest to; None where it has none."""
    confidence: float
    """How likely all of it is right, 0 to 1."""

    def plainly(self, within: float) -> Reading:
        """Returns the reading with the plain way of a task type where a narrower one is barely ahead of it.

        Who wants a picture described, and not read, says so; the bare task type is what most mean who say neither.

        Args:
            within: Up to which difference, in nats.
        """
        steps, rivals = [*self.steps], [*self.rivals]
        for number, (step, rival) in enumerate(zip(self.steps, self.rivals, strict=True)):
            if rival is None or rival.behind > within or rival.ability.task_type != step.task_type:
                continue
            if step.ability.choices and not rival.ability.choices:
                steps[number], rivals[number] = replace(step, ability=rival.ability), None
        return replace(self, steps=tuple(steps), rivals=tuple(rivals))

    def of_role(self, role: str) -> tuple[Segment, ...]:
        """The segments of a role."""
        return tuple(item for item in self.segments if item.label == role)


@dataclass(frozen=True, slots=True)
class PlanEstimate:
    """What the reader takes a request for, whatever its other words are."""

    graph: Graph
    types: tuple[TaskType, ...]
    """The task type of each step."""
    confidence: float
    """The probability that all of it is right."""
    doubts: tuple[str, ...]
    """What is planned and might not be wanted, and what is not and might be, a sentence each."""
