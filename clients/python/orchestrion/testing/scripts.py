"""The events of a run, made from a short form, as a controller sends them. No I/O."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from orchestrion.errors import OrchestrionError
from orchestrion.events import (
    AnswerFinished,
    AnswerText,
    ApprovalAwaited,
    HostsAwaited,
    Payload,
    PlanApproved,
    PlanFinished,
    PlanRejected,
    RunFinished,
    RunStarted,
    Stage,
    StageFinished,
    StageOutcome,
    StageStarted,
    TaskAssigned,
    TaskFinished,
    TaskPlanned,
    TaskPreview,
    TaskProgress,
    TaskRevoked,
    TaskStarted,
)
from orchestrion.experts import Assignment
from orchestrion.plans import Error, Plan, TaskResult
from orchestrion.runs import RunKind, RunState

Scripted: TypeAlias = tuple[Stage, Payload]

NOT_NUMBERED: Final = (TaskProgress, TaskPreview)
"""What is sent to who reads just then, and not kept."""

_NO_PLAN: Final = Plan((), "The fake controller needs no expert for this.")
_STAGES: Final[dict[type, Stage]] = {
    RunStarted: Stage.UNSPECIFIED,
    RunFinished: Stage.UNSPECIFIED,
    TaskPlanned: Stage.PLAN,
    PlanRejected: Stage.PLAN,
    TaskRevoked: Stage.PLAN,
    PlanFinished: Stage.PLAN,
    ApprovalAwaited: Stage.UNSPECIFIED,
    PlanApproved: Stage.UNSPECIFIED,
    HostsAwaited: Stage.UNSPECIFIED,
    TaskAssigned: Stage.SELECT,
    AnswerText: Stage.RESPOND,
    AnswerFinished: Stage.RESPOND,
}
_KINDS: Final = {
    RunKind.FULL: (Stage.PLAN, Stage.SELECT, Stage.EXECUTE, Stage.RESPOND),
    RunKind.PLAN: (Stage.PLAN,),
    RunKind.SELECT: (Stage.SELECT,),
    RunKind.EXECUTE: (Stage.SELECT, Stage.EXECUTE),
    RunKind.RESPOND: (Stage.RESPOND,),
}


def answered(
    kind: RunKind,
    *,
    text: str = "",
    plan: Plan | None = None,
    assignments: tuple[Assignment, ...] = (),
    results: tuple[TaskResult, ...] = (),
    artifacts: tuple[str, ...] = (),
) -> tuple[Scripted, ...]:
    """Makes the events of a run that succeeds; those of the stages that its kind goes through."""
    plan = plan or _NO_PLAN
    chosen = {assignment.task_id: assignment for assignment in assignments}
    by_stage: dict[Stage, list[Payload]] = {
        Stage.PLAN: [*(TaskPlanned(task) for task in plan.tasks), PlanFinished(plan)],
        Stage.SELECT: [TaskAssigned(assignment) for assignment in assignments],
        Stage.EXECUTE: [
            payload
            for result in results
            for payload in (_started(result, chosen.get(result.task_id)), TaskFinished(result))
        ],
        Stage.RESPOND: [*([AnswerText(text)] if text else ()), AnswerFinished(text, artifacts)],
    }
    return framed(
        kind,
        [
            (stage, payload)
            for stage in _KINDS[kind]
            for payload in (StageStarted(), *by_stage[stage], StageFinished(StageOutcome.SUCCEEDED))
        ],
    )


def with_approval(script: Iterable[Scripted]) -> tuple[Scripted, ...]:
    """Lets a script wait for approval once its plan is whole, where it does not say itself when."""
    scripted, plan, waits = list(script), None, False
    for place, (stage, payload) in enumerate(scripted):
        waits |= isinstance(payload, ApprovalAwaited)
        if isinstance(payload, PlanFinished):
            plan = payload.plan
        if plan is not None and not waits and stage is Stage.PLAN and isinstance(payload, StageFinished):
            until = datetime.now(UTC) + timedelta(hours=1)
            return (*scripted[: place + 1], (Stage.UNSPECIFIED, ApprovalAwaited(plan, until)), *scripted[place + 1 :])
    return tuple(scripted)


def failed(kind: RunKind, error: OrchestrionError) -> tuple[Scripted, ...]:
    """Makes the events of a run that fails at once, or whose planner does not do all of the request."""
    partial = PlanFinished(Plan((), error.message), not_done=error.not_done, questions=error.questions)
    said: list[Payload] = [partial] if error.not_done or error.questions else []
    return framed(kind, [*said, RunFinished(RunState.FAILED, Error.of(error))])


def framed(kind: RunKind, payloads: Iterable[Payload | Scripted]) -> tuple[Scripted, ...]:
    """Gives each payload its stage, and a run its beginning and its end where they are missing."""
    script = [item if isinstance(item, tuple) else (_STAGES.get(type(item), Stage.EXECUTE), item) for item in payloads]
    if not script or not isinstance(script[0][1], RunStarted):
        script.insert(0, (Stage.UNSPECIFIED, RunStarted(kind)))
    if not isinstance(script[-1][1], RunFinished):
        script.append((Stage.UNSPECIFIED, RunFinished(RunState.SUCCEEDED)))
    return tuple(script)


def _started(result: TaskResult, assignment: Assignment | None) -> TaskStarted:
    host, expert = (assignment.host, assignment.expert_id) if assignment else ("hosts/fake", "fake")
    return TaskStarted(result.task_id, 1, host, expert)
