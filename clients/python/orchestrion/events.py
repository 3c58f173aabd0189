"""Events: what happens in a run, one dataclass a payload. Fields are those of the messages of the same names."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from orchestrion.experts import Assignment
from orchestrion.plans import Error, Plan, Task, TaskResult
from orchestrion.refusals import NotDone, Question
from orchestrion.runs import Message, RunKind, RunState


class Stage(enum.IntEnum):
    """The four stages; UNSPECIFIED is the run as a whole."""

    UNSPECIFIED = 0
    """The run as a whole."""
    PLAN = 1
    """A request becomes a plan."""
    SELECT = 2
    """Every task gets an expert."""
    EXECUTE = 3
    """The experts perform the tasks."""
    RESPOND = 4
    """The results become an answer."""


class StageOutcome(enum.IntEnum):
    """How a stage ended."""

    UNSPECIFIED = 0
    """Not said."""
    SUCCEEDED = 1
    """It did its work; single tasks may have failed."""
    FAILED = 2
    """It ended the run with an error."""
    CANCELLED = 3
    """It was cancelled."""


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The run exists; always the first event."""

    kind: RunKind
    """Which stages it goes through."""
    messages: tuple[Message, ...] = ()
    """What was asked, this turn alone."""
    deadline_time: datetime | None = None
    """When it is cancelled if it has not ended; None without a deadline."""
    previous_run: str = ""
    """The run that it continues, `runs/{run}`; empty for none."""


@dataclass(frozen=True, slots=True)
class StageStarted:
    """A stage began."""

    performer: str = ""
    """What performs it: the planner or responder, such as `builtin`, or the selection policy; empty for Execute."""


@dataclass(frozen=True, slots=True)
class StageFinished:
    """A stage ended."""

    outcome: StageOutcome
    """How it ended."""
    duration_ms: float = 0.0
    """How long it took, in milliseconds."""
    llm_call_count: int = 0
    """Calls made to a language model."""
    prompt_token_count: int = 0
    """Tokens sent to a language model; 0 when it did not say."""
    completion_token_count: int = 0
    """Tokens that a language model wrote; 0 when it did not say."""
    cached_token_count: int = 0
    """How many of the tokens sent the language model's endpoint had from an earlier prompt that began alike; 0 when it
    did not say.
    """


@dataclass(frozen=True, slots=True)
class TaskPlanned:
    """A task of the plan closed and is valid."""

    task: Task
    """The task, its attachments resolved to artifacts."""


@dataclass(frozen=True, slots=True)
class PlanRejected:
    """The plan as written is not valid, or its writing broke off; the planner gets another turn."""

    error: Error
    """The first error found; `metadata.task_id` and `metadata.field` name the place. `LLM_BROKE_OFF` and
    `LLM_TIMED_OUT` are no fault of the plan: the language model is asked for it once more.
    """


@dataclass(frozen=True, slots=True)
class TaskRevoked:
    """The repaired plan has no such task."""

    task_id: str
    """The id of the task."""


@dataclass(frozen=True, slots=True)
class PlanFinished:
    """The plan is whole and valid."""

    plan: Plan
    """The plan."""
    confidence: float | None = None
    """How likely the planner holds it that this is the plan that was asked for, 0 to 1; None where it does not say."""
    doubts: tuple[str, ...] = ()
    """What the planner was unsure of, a sentence each, such as "`summarization` may be wanted, too (41 %)."."""
    not_done: tuple[NotDone, ...] = ()
    """What the request asks for and the plan does not do, in the order of the words; empty when it does all of it. The
    built-in planner does not have such a plan run unasked: unless the run waits for approval, it ends with
    REQUEST_BEYOND_PLANNER after this event.
    """
    questions: tuple[Question, ...] = ()
    """What the planner asks instead of guessing; a run is ended by it as by `not_done`."""


@dataclass(frozen=True, slots=True)
class ApprovalAwaited:
    """The run waits until its plan is approved."""

    plan: Plan
    """The plan to approve."""
    deadline_time: datetime | None = None
    """When the run is cancelled if nobody has approved it: when it has waited long enough, or at its own deadline."""


@dataclass(frozen=True, slots=True)
class HostsAwaited:
    """The controller was restarted, and the run waits for hosts that it listed before."""

    hosts: tuple[str, ...]
    """The hosts that have not come back, `hosts/{host}`."""
    deadline_time: datetime | None = None
    """Until when it waits at most."""


@dataclass(frozen=True, slots=True)
class PlanApproved:
    """The plan was approved; `plan` is the edited one, None where it was approved as it was shown."""

    plan: Plan | None = None
    """The edited plan, which takes the place of the one shown; None when that one was approved as it was."""
    request_id: str = ""
    """The `request_id` of the call that approved it; empty when it had none."""


@dataclass(frozen=True, slots=True)
class TaskAssigned:
    """An expert on a host was chosen for a task."""

    assignment: Assignment
    """The choice."""


@dataclass(frozen=True, slots=True)
class TaskStarted:
    """An attempt at a task, or at one item of it, was sent to its host."""

    task_id: str
    """The id of the task."""
    attempt: int
    """Which attempt, from 1."""
    host: str
    """The host, `hosts/{host}`."""
    expert_id: str
    """The id of the expert."""
    item: int | None = None
    """The item of a task that unfolded, from 0; None when it did not."""
    item_count: int = 0
    """How many items the task unfolded into; 0 when it did not."""


@dataclass(frozen=True, slots=True)
class TaskProgress:
    """A task came forward. Not numbered."""

    task_id: str
    """The id of the task."""
    fraction: float | None = None
    """How far, 0 to 1; None when not known."""
    message: str = ""
    """What it is doing, such as `loading weights`."""
    item: int | None = None
    """The item of a task that unfolded, from 0; None when it did not."""


@dataclass(frozen=True, slots=True)
class TaskText:
    """A piece of a text output, in order."""

    task_id: str
    """The id of the task."""
    output: str
    """The name of the output."""
    text: str
    """The piece."""
    item: int | None = None
    """The item of a task that unfolded, from 0; None when it did not."""


@dataclass(frozen=True, slots=True)
class TaskPreview:
    """A first look at an output. Not numbered."""

    task_id: str
    """The id of the task."""
    media_type: str
    """The media type of the content."""
    content: bytes
    """The content, at most 64 KiB."""
    item: int | None = None
    """The item of a task that unfolded, from 0; None when it did not."""


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """An attempt failed; another follows, or the task's end."""

    task_id: str
    """The id of the task."""
    attempt: int
    """Which attempt, from 1."""
    host: str
    """The host, `hosts/{host}`."""
    expert_id: str
    """The id of the expert."""
    error: Error
    """Why."""
    retried: bool = False
    """Whether another attempt follows."""
    item: int | None = None
    """The item of a task that unfolded, from 0; None when it did not."""


@dataclass(frozen=True, slots=True)
class TaskFinished:
    """A task ended."""

    result: TaskResult
    """What became of it."""
    duration_ms: float = 0.0
    """The time from the moment its inputs existed to its end, in milliseconds."""


@dataclass(frozen=True, slots=True)
class AnswerText:
    """A piece of the answer, in order."""

    text: str
    """The piece."""


@dataclass(frozen=True, slots=True)
class AnswerFinished:
    """The answer is whole; every artifact that it names exists."""

    text: str
    """The answer, whole."""
    artifacts: tuple[str, ...] = ()
    """The artifacts that it names, `artifacts/{sha256}`, in order. All of them exist in this run."""


@dataclass(frozen=True, slots=True)
class RunFinished:
    """The run ended; always the last event."""

    state: RunState
    """How it ended: SUCCEEDED, FAILED or CANCELLED."""
    error: Error | None = None
    """Why, unless it succeeded."""
    duration_ms: float = 0.0
    """The time since it was created, in milliseconds."""


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
    | HostsAwaited
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
    """The run, `runs/{run}`."""
    sequence: int
    """The number in the run's log, from 1 without gaps; 0 for what is not kept."""
    time: datetime | None
    """When it happened, by the controller's clock."""
    stage: Stage
    """The stage that it belongs to; UNSPECIFIED for the run as a whole."""
    payload: Payload
    """What happened."""
