"""One task of a run as its events have it so far."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from orchestrion._fold.streamed_text import NO_TEXT, StreamedText
from orchestrion.events import AttemptFailed, TaskPreview
from orchestrion.experts import Assignment
from orchestrion.plans import Task, TaskResult, TaskState


class TaskPhase(enum.IntEnum):
    """Where a task is; from SUCCEEDED on nothing more happens in it."""

    PLANNED = 0
    """It is part of the plan, and no expert has been chosen for it."""
    ASSIGNED = 1
    """An expert is chosen, and the task waits for its inputs."""
    RUNNING = 2
    """An attempt was sent to a host."""
    SUCCEEDED = 3
    FAILED = 4
    SKIPPED = 5
    CANCELLED = 6
    REVOKED = 7
    """The repaired plan does not have it."""

    @classmethod
    def of(cls, state: TaskState) -> TaskPhase:
        """Returns the phase of a task that ended in this state."""
        return cls.__members__.get(state.name, cls.FAILED)

    @property
    def ended(self) -> bool:
        """Whether nothing more happens in the task."""
        return self >= TaskPhase.SUCCEEDED


@dataclass(frozen=True, slots=True)
class TaskSnapshot:
    """One task of the plan.

    What is kept by item has the number of the item as its key, from 0, and None for the task as a whole.
    """

    id: str
    """The id that it has in the plan."""
    task: Task | None = None
    """The task as planned; None where the events seen begin after it was."""
    parents: tuple[str, ...] = ()
    """The tasks whose outputs it takes, each once, in the order of the plan."""
    phase: TaskPhase = TaskPhase.PLANNED
    """Where it is."""
    assignment: Assignment | None = None
    """The expert chosen for it, and why; an attempt after a failure may go to another one."""
    host: str = ""
    """Where it runs or is to run, `hosts/{host}`: by the assignment, then by the newest attempt."""
    expert_id: str = ""
    """What performs it, likewise."""
    attempts: Mapping[int | None, int] = field(default_factory=dict)
    """The newest attempt of each item that was begun, from 1."""
    failures: tuple[AttemptFailed, ...] = ()
    """The attempts that failed, in order."""
    item_count: int = 0
    """How many items it unfolded into; 0 when it did not."""
    fractions: Mapping[int | None, float] = field(default_factory=dict)
    """How far each item is, 0 to 1."""
    message: str = ""
    """What it is doing as a whole; empty once it has ended."""
    texts: Mapping[tuple[int | None, str], StreamedText] = field(default_factory=dict)
    """What it has written, by item and output."""
    text_key: tuple[int | None, str] | None = None
    """The item and output that were written to last."""
    previews: Mapping[int | None, TaskPreview] = field(default_factory=dict)
    """The newest first look at an output of each item."""
    start_time: datetime | None = None
    """When its first attempt began, by the controller's clock."""
    duration_ms: float = 0.0
    """From the moment when its inputs existed to its end, in milliseconds; 0 before."""
    result: TaskResult | None = None
    """What became of it; None before its end."""

    @property
    def type(self) -> str:
        """The name of its task type; empty where that is not known."""
        return self.task.type if self.task else ""

    @property
    def attempt(self) -> int:
        """The highest attempt begun, from 1; 0 before the first."""
        return max(self.attempts.values(), default=0)

    @property
    def text(self) -> StreamedText:
        """What it writes at the moment: the output and item that were written to last."""
        return NO_TEXT if self.text_key is None else self.texts.get(self.text_key, NO_TEXT)

    @property
    def items_done(self) -> int:
        """How many of its items are done."""
        if self.phase is TaskPhase.SUCCEEDED:
            return self.item_count
        return sum(part >= 1 for item, part in self.fractions.items() if item is not None)

    @property
    def fraction(self) -> float | None:
        """How far the task is, 0 to 1; None when nobody said."""
        if not self.fractions:
            return None
        if None in self.fractions:
            return self.fractions[None]
        return sum(self.fractions.values()) / self.item_count if self.item_count else max(self.fractions.values())

    def anew(self) -> TaskSnapshot:
        """Returns the task as it was when it had been planned and assigned: what has happened since is void."""
        chosen = self.assignment
        if chosen is None:
            return TaskSnapshot(self.id, self.task, self.parents)
        return TaskSnapshot(self.id, self.task, self.parents, TaskPhase.ASSIGNED, chosen, chosen.host, chosen.expert_id)
