"""Taking up runs that an earlier process left: the events that say so, and what ends those that cannot go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from orchestrion.errors import Reason
from orchestrion.events import (
    AnswerFinished,
    AttemptFailed,
    Event,
    PlanFinished,
    PlanRejected,
    Stage,
    StageFinished,
    StageOutcome,
    StageStarted,
)
from orchestrion.plans import Error
from orchestrion.runs import Message, RunKind, RunOptions
from orchestrion_controller.progress import open_attempts
from orchestrion_controller.runs.gate import Gate
from orchestrion_controller.runs.journal import UnfinishedRun
from orchestrion_controller.runs.live_run import Program
from orchestrion_controller.runs.log import RunLog


@dataclass(frozen=True, slots=True)
class PreparedRun:
    """What a run does, from its request."""

    program: Program
    """What is left to do."""
    options: RunOptions
    """How it treats a client that leaves."""
    messages: tuple[Message, ...] = ()
    """The conversation."""
    gate: Gate | None = None
    """Where it waits until its plan is approved; None when it does not."""


class RunResumer(Protocol):
    """Makes programs of runs from what the journal has of them."""

    async def __call__(self, kind: RunKind, request: bytes, log: Sequence[Event]) -> PreparedRun:
        """Returns how a run of this kind, request and log goes on; where it cannot, its program raises the error."""


def abandoned(left: UnfinishedRun, max_resumes: int) -> Program:
    """Returns the program of a run that is not taken up again: it says why."""
    if left.request is None:
        why = "it was begun by a version that kept no requests"
    else:
        why = f"it has been taken up {left.resume_count} times, and max_resumes allows {max_resumes}"

    async def program(_: str, log: RunLog) -> None:
        raise Reason.CONTROLLER_RESTARTED.error(
            f"The controller was restarted while the run was going, and does not go on with it: {why}. Ask again."
        )

    return program


def log_restart(log: RunLog, past: Sequence[Event]) -> None:
    """Appends what the restart broke off: attempts, the plan that was being written, and open stages."""
    error = Error.of(Reason.CONTROLLER_RESTARTED.error("The controller was restarted; this is done once more."))
    for start in open_attempts(past):
        failed = AttemptFailed(start.task_id, start.attempt, start.host, start.expert_id, error, True, start.item)
        log.append(Stage.EXECUTE, failed)
    begun: dict[Stage, datetime] = {}
    whole: set[Stage] = set()
    for event in past:
        match event.payload:
            case StageStarted():
                begun[event.stage] = event.time or datetime.now(UTC)
                whole.discard(event.stage)
            case StageFinished():
                begun.pop(event.stage, None)
            case PlanFinished() | AnswerFinished():
                whole.add(event.stage)
    for stage, time in reversed(begun.items()):
        if stage is Stage.PLAN and stage not in whole:
            log.append(stage, PlanRejected(error))
        outcome = StageOutcome.SUCCEEDED if stage in whole else StageOutcome.CANCELLED
        log.append(stage, StageFinished(outcome, (datetime.now(UTC) - time).total_seconds() * 1000))
