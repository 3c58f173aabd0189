"""Events: what happens in a run, one dataclass a payload. Fields are those of the messages of the same names."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from orchestrion.experts import Assignment
from orchestrion.plans import Error, Plan, Task, TaskResult
from orchestrion.runs import Message, RunKind, RunState


class Stage(enum.IntEnum):
    """The four stages; UNSPECIFIED is the run as a whole."""

    UNSPECIFIED = 0
    PLAN = 1
    SELECT = 2
    EXECUTE = 3
    RESPOND = 4


class StageOutcome(enum.IntEnum):
    """How a stage ended."""

    UNSPECIFIED = 0
    SUCCEEDED = 1
    FAILED = 2
    CANCELLED = 3


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The run exists; always the first event."""

    kind: RunKind
    messages: tuple[Message, ...] = ()
    deadline_time: datetime | None = None
    previous_run: str = ""


@dataclass(frozen=True, slots=True)
class StageStarted:
    """A stage began."""

    performer: str = ""


@dataclass(frozen=True, slots=True)
class StageFinished:
    """A stage ended."""

    outcome: StageOutcome
    duration_ms: float = 0.0
    llm_call_count: int = 0
    prompt_token_count: int = 0
    completion_token_count: int = 0


@dataclass(frozen=True, slots=True)
class TaskPlanned:
    """A task of the plan closed and is valid."""

    task: Task


@dataclass(frozen=True, slots=True)
class PlanRejected:
    """The plan as written is not valid, or its writing broke off; the planner gets another turn."""

    error: Error


@dataclass(frozen=True, slots=True)
class TaskRevoked:
    """The repaired plan has no such task."""

    task_id: str


@dataclass(frozen=True, slots=True)
class PlanFinished:
    """The plan is whole and valid."""

    plan: Plan
    confidence: float | None = None
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ApprovalAwaited:
    """The run waits until its plan is approved."""

    plan: Plan
    deadline_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class PlanApproved:
    """The plan was approved; `plan` is the edited one, None where it was approved as it was shown."""

    plan: Plan | None = None
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class TaskAssigned:
    """An expert on a host was chosen for a task."""

    assignment: Assignment


@dataclass(frozen=True, slots=True)
class TaskStarted:
    """An attempt at a task, or at one item of it, was sent to its host."""

    task_id: str
    attempt: int
    host: str
    expert_id: str
    item: int | None = None
    item_count: int = 0


@dataclass(frozen=True, slots=True)
class TaskProgress:
    """A task came forward. Not numbered."""

    task_id: str
    fraction: float | None = None
    message: str = ""
    item: int | None = None


@dataclass(frozen=True, slots=True)
class TaskText:
    """A piece of a text output, in order."""

    task_id: str
    output: str
    text: str
    item: int | None = None


@dataclass(frozen=True, slots=True)
class TaskPreview:
    """A first look at an output. Not numbered."""

    task_id: str
    media_type: str
    content: bytes
    item: int | None = None


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """An attempt failed; another follows, or the task's end."""

    task_id: str
    attempt: int
    host: str
    expert_id: str
    error: Error
    retried: bool = False
    item: int | None = None


@dataclass(frozen=True, slots=True)
class TaskFinished:
    """A task ended."""

    result: TaskResult
    duration_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class AnswerText:
    """A piece of the answer, in order."""

    text: str


@dataclass(frozen=True, slots=True)
class AnswerFinished:
    """The answer is whole; every artifact that it names exists."""

    text: str
    artifacts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunFinished:
    """The run ended; always the last event."""

    state: RunState
    error: Error | None = None
    duration_ms: float = 0.0


Payload: TypeAlias = (
    RunStarted
    | StageStarted
    | StageFinished
    | TaskPlanned
    | PlanRejected
    | TaskRevoked
    | PlanFinished
    | ApprovalAwaited
    | PlanApproved
    | TaskAssigned
    | TaskStarted
    | TaskProgress
    | TaskText
    | TaskPreview
    | AttemptFailed
    | TaskFinished
    | AnswerText
    | AnswerFinished
    | RunFinished
)
"""What an event can tell."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened in a run; `sequence` is 0 for what is not kept."""

    run: str
    sequence: int
    time: datetime | None
    stage: Stage
    payload: Payload
