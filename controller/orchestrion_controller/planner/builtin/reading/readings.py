"""What a request says: every word of it, or which steps it most likely wants."""

from __future__ import annotations

from dataclasses import dataclass

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
