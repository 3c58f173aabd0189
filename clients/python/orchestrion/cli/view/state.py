"""What the events of a run have told so far, as plain data. Nothing here knows of terminals."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from orchestrion.events import Stage, StageOutcome
from orchestrion.plans import TaskState
from orchestrion.runs import RunKind, RunState

EMPTY: Final[Mapping[Any, Any]] = MappingProxyType({})


class Phase(enum.IntEnum):
    """Where a task is; the ends are those of `TaskState`."""

    PLANNED = 0
    """It is part of the plan, and no expert has been chosen for it."""
    ASSIGNED = 1
    """It waits for its inputs."""
    RUNNING = 2
    """An attempt was sent to a host."""
    SUCCEEDED = 3
    FAILED = 4
    SKIPPED = 5
    CANCELLED = 6

    @classmethod
    def of(cls, state: TaskState) -> Phase:
        """Returns the end that a result tells."""
        return cls.__members__.get(state.name, cls.FAILED)

    @property
    def ended(self) -> bool:
        """Whether nothing more happens in the task."""
        return self >= Phase.SUCCEEDED


@dataclass(frozen=True, slots=True)
class TaskView:
    """One task of the plan."""

    id: str
    type: str = ""
    parents: tuple[str, ...] = ()
    """The tasks that it waits for, each once."""
    phase: Phase = Phase.PLANNED
    expert_id: str = ""
    host: str = ""
    """The host's id, without `hosts/`."""
    reason: str = ""
    """Why this expert on this host."""
    attempt: int = 0
    """The highest attempt begun, from 1; 0 before the first."""
    failures: tuple[str, ...] = ()
    """What became of attempts that failed, one line each."""
    item_count: int = 0
    """How many items it unfolded into; 0 when it did not."""
    items: frozenset[int] = frozenset()
    """The items that were begun, from 0."""
    fractions: Mapping[int | None, float] = field(default_factory=lambda: EMPTY)
    """How far each item is, 0 to 1; under None the task as a whole."""
    message: str = ""
    """What it is doing."""
    text: str = ""
    """The end of what it has written so far."""
    text_item: int | None = None
    """The item that `text` belongs to."""
    start_time: datetime | None = None
    """When its first attempt began, by the controller's clock."""
    duration_ms: float = 0.0
    outcome: str = ""
    """Its outputs in one line, or why there are none."""

    @property
    def items_done(self) -> int:
        """How many of its items are done."""
        if self.phase is Phase.SUCCEEDED:
            return self.item_count
        return sum(part >= 1 for item, part in self.fractions.items() if item is not None)

    @property
    def fraction(self) -> float | None:
        """How far the task is, 0 to 1; None when nobody said."""
        if not self.fractions:
            return None
        if None in self.fractions or not self.item_count:
            return max(self.fractions.values()) if None not in self.fractions else self.fractions[None]
        return sum(self.fractions.values()) / self.item_count


@dataclass(frozen=True, slots=True)
class StageView:
    """One stage that has begun."""

    performer: str = ""
    start_time: datetime | None = None
    outcome: StageOutcome = StageOutcome.UNSPECIFIED
    """Unspecified while it goes on."""
    duration_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class RunView:
    """A run as its events have told it."""

    name: str = ""
    kind: RunKind = RunKind.UNSPECIFIED
    request: str = ""
    state: RunState = RunState.RUNNING
    stages: Mapping[Stage, StageView] = field(default_factory=lambda: EMPTY)
    tasks: Mapping[str, TaskView] = field(default_factory=lambda: EMPTY)
    """By id, in the order in which they were planned."""
    rejections: tuple[str, ...] = ()
    """Why plans were not valid, one line each."""
    doubts: tuple[str, ...] = ()
    """What the planner was unsure of, one line each."""
    no_task_reason: str = ""
    approval: str = ""
    """Until when it waits for approval of its plan; empty while it does not."""
    answer: str = ""
    """The answer as far as it came."""
    answered: bool = False
    """Whether the answer is whole."""
    error: str = ""
    duration_ms: float = 0.0

    def with_task(self, task: TaskView) -> RunView:
        """Returns the run with a task added or replaced."""
        return replace(self, tasks={**self.tasks, task.id: task})

    def with_stage(self, stage: Stage, view: StageView) -> RunView:
        """Returns the run with a stage added or replaced."""
        return replace(self, stages={**self.stages, stage: view})

    def task(self, task_id: str) -> TaskView:
        """Returns a task; one that was never planned here, as when only the end of a run is watched, is empty."""
        return self.tasks.get(task_id) or TaskView(task_id)
