"""A run as its events have it so far: the facts, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from orchestrion._fold.streamed_text import NO_TEXT, StreamedText
from orchestrion._fold.task_snapshots import TaskSnapshot
from orchestrion.events import Stage, StageOutcome
from orchestrion.experts import Assignment
from orchestrion.plans import Error, Plan, TaskResult
from orchestrion.refusals import NotDone, Question
from orchestrion.runs import Message, Run, RunKind, RunState


@dataclass(frozen=True, slots=True)
class StageSnapshot:
    """One stage that has begun."""

    performer: str = ""
    """The planner or responder, or the selection policy; empty for Execute."""
    start_time: datetime | None = None
    """When it began, by the controller's clock."""
    outcome: StageOutcome = StageOutcome.UNSPECIFIED
    """How it ended; UNSPECIFIED while it goes on."""
    duration_ms: float = 0.0
    """How long it took, in milliseconds; 0 while it goes on."""
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
class ApprovalSnapshot:
    """The approval of a plan that had to be approved."""

    plan: Plan | None = None
    """The plan as it was shown; None where the events seen begin later."""
    start_time: datetime | None = None
    """Since when it is awaited, by the controller's clock."""
    deadline_time: datetime | None = None
    """Until when it is awaited."""
    approved: bool = False
    """Whether it was given."""
    edited_plan: Plan | None = None
    """The plan that was approved in place of the one shown; None where that one was."""
    request_id: str = ""
    """The `request_id` of the call that approved it; empty when it had none."""


@dataclass(frozen=True, slots=True)
class RunSnapshot:
    """A run as its events have it so far. `apply` adds the next event; an empty one is where a log begins."""

    name: str = ""
    """The resource name, `runs/{run}`; empty before the first event."""
    kind: RunKind = RunKind.UNSPECIFIED
    """Which stages it goes through."""
    state: RunState = RunState.UNSPECIFIED
    """Where it is; UNSPECIFIED before the first event."""
    create_time: datetime | None = None
    """When it was created."""
    end_time: datetime | None = None
    """When it ended; None before."""
    deadline_time: datetime | None = None
    """When it is cancelled if it has not ended; None without a deadline."""
    previous_run: str = ""
    """The run that it continues, `runs/{run}`; empty for none."""
    last_sequence: int = 0
    """The sequence number of the last event seen; 0 before the first."""
    messages: tuple[Message, ...] = ()
    """What was asked, this turn alone."""
    stages: Mapping[Stage, StageSnapshot] = field(default_factory=dict)
    """The stages that have begun."""
    tasks: Mapping[str, TaskSnapshot] = field(default_factory=dict)
    """The tasks by id, in the order of the plan; of one that is still being written, in the order of their coming."""
    revoked: Mapping[str, TaskSnapshot] = field(default_factory=dict)
    """The tasks that a repaired plan does not have, by id, as they were when that became known."""
    ended: tuple[str, ...] = ()
    """The ids of the tasks that have ended, in that order."""
    rejections: tuple[Error, ...] = ()
    """Why plans went back to the planner, in order."""
    plan: Plan | None = None
    """The plan to carry out, an edited one where that was approved; None until it is whole."""
    confidence: float | None = None
    """How likely the planner holds it that this is the plan that was asked for, 0 to 1; None where it does not say."""
    doubts: tuple[str, ...] = ()
    """What the planner was unsure of, a sentence each."""
    not_done: tuple[NotDone, ...] = ()
    """What the request asks for and the plan does not do, in the order of the words."""
    questions: tuple[Question, ...] = ()
    """What the planner asks instead of guessing."""
    approval: ApprovalSnapshot | None = None
    """The approval of the plan; None where none has been asked for."""
    streamed_answer: StreamedText = NO_TEXT
    """The answer as far as it was streamed."""
    answered: bool = False
    """Whether the answer is whole."""
    answer: str = ""
    """The answer, whole; empty before."""
    answer_artifacts: tuple[str, ...] = ()
    """The artifacts that the answer names, `artifacts/{sha256}`, in order."""
    error: Error | None = None
    """Why the run failed or was cancelled."""
    duration_ms: float = 0.0
    """How long the run took, in milliseconds; 0 before its end."""

    @property
    def request(self) -> str:
        """What was asked last; empty where nothing was, or the events seen begin later."""
        return self.messages[-1].text if self.messages else ""

    @property
    def attachments(self) -> tuple[str, ...]:
        """The names of the artifacts attached to the messages, in order."""
        return tuple(name for message in self.messages for name in message.artifacts)

    @property
    def plan_so_far(self) -> Plan | None:
        """The plan; while it is being written, the tasks that are there already, and None without any."""
        if self.plan is not None:
            return self.plan
        planned = tuple(task.task for task in self.tasks.values() if task.task is not None)
        return Plan(planned) if planned else None

    @property
    def assignments(self) -> tuple[Assignment, ...]:
        """The newest assignment of each task that has one, in the order of the plan."""
        return tuple(task.assignment for task in self.tasks.values() if task.assignment is not None)

    @property
    def results(self) -> tuple[TaskResult, ...]:
        """What became of the tasks that have ended, in the order in which they did."""
        results = (self.tasks[task_id].result for task_id in self.ended)
        return tuple(result for result in results if result is not None)

    @property
    def answer_so_far(self) -> str:
        """The answer; while it is being written, what is there already."""
        return self.answer if self.answered else str(self.streamed_answer)

    @property
    def approval_deadline_time(self) -> datetime | None:
        """Until when the approval of the plan is awaited; None while it is not."""
        waits = self.state is RunState.AWAITING_APPROVAL and self.approval is not None
        return self.approval.deadline_time if waits and self.approval else None

    def as_run(self) -> Run:
        """Returns the run as `GetRun` tells it."""
        return Run(
            name=self.name,
            kind=self.kind,
            state=self.state,
            create_time=self.create_time,
            end_time=self.end_time,
            deadline_time=self.deadline_time,
            last_sequence=self.last_sequence,
            messages=self.messages,
            plan=self.plan_so_far,
            assignments=self.assignments,
            results=self.results,
            answer=self.answer,
            answer_artifacts=self.answer_artifacts,
            error=self.error,
            previous_run=self.previous_run,
            approval_deadline_time=self.approval_deadline_time,
        )
