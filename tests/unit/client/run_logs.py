"""The events of a run with a branch, a retry and a fan-out, for tests of what is shown of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from orchestrion.events import (
    AnswerFinished,
    AnswerText,
    AttemptFailed,
    Event,
    Payload,
    PlanFinished,
    RunFinished,
    RunStarted,
    Stage,
    StageFinished,
    StageOutcome,
    StageStarted,
    TaskAssigned,
    TaskFinished,
    TaskPlanned,
    TaskProgress,
    TaskStarted,
    TaskText,
)
from orchestrion.experts import Assignment
from orchestrion.plans import Error, Plan, Task, TaskResult, TaskState
from orchestrion.runs import Message, RunKind, RunState
from orchestrion.snapshots import RunSnapshot, apply
from orchestrion.values import ArtifactRef, OutputRef

START = datetime(2026, 1, 1, tzinfo=UTC)
"""When the run began."""
NAME = "runs/0123456789abcdef0123"

READ = Task("read", "image-to-text", {"image": ArtifactRef("attachments/1")})
SPEAK = Task("speak", "text-to-speech", {"text": OutputRef("read", "text")})
COUNT = Task("count", "object-detection", {"image": (ArtifactRef("attachments/1"), ArtifactRef("attachments/2"))})
SUM = Task("sum", "summarization", {"text": (OutputRef("read", "text"), OutputRef("count", "text"))})
PLAN = Plan((READ, SPEAK, COUNT, SUM))
CRASH = Error("WORKER_CRASHED", "The worker\ndied.")


def assigned(task_id: str, expert: str) -> TaskAssigned:
    return TaskAssigned(Assignment(task_id, "hosts/one", expert, f"{expert} is loaded on one."))


UNTIL_RUNNING: list[tuple[Stage, Payload]] = [
    (Stage.UNSPECIFIED, RunStarted(RunKind.FULL, (Message("Read the signs,\ncount the \x1b[2Jfaces."),))),
    (Stage.PLAN, StageStarted("builtin")),
    *((Stage.PLAN, TaskPlanned(task)) for task in PLAN.tasks),
    (Stage.PLAN, PlanFinished(PLAN)),
    (Stage.PLAN, StageFinished(StageOutcome.SUCCEEDED, 12)),
    (Stage.SELECT, StageStarted("rank")),
    (Stage.SELECT, assigned("read", "rapidocr")),
    (Stage.SELECT, assigned("speak", "espeak-ng")),
    (Stage.SELECT, assigned("count", "opencv")),
    (Stage.SELECT, StageFinished(StageOutcome.SUCCEEDED, 1)),
    (Stage.EXECUTE, StageStarted()),
    (Stage.EXECUTE, TaskStarted("read", 1, "hosts/one", "rapidocr")),
    (Stage.EXECUTE, TaskProgress("read", 0.25, "looking")),
    (Stage.EXECUTE, TaskText("read", "text", "Platform 9\nclo")),
    (Stage.EXECUTE, TaskText("read", "text", "ses 日本")),
    (Stage.EXECUTE, TaskStarted("count", 1, "hosts/one", "opencv", 0, 2)),
    (Stage.EXECUTE, TaskStarted("count", 1, "hosts/one", "opencv", 1, 2)),
    (Stage.EXECUTE, TaskProgress("count", 1.0, "done", 0)),
    (Stage.EXECUTE, AttemptFailed("count", 1, "hosts/one", "opencv", CRASH, True, 1)),
    (Stage.EXECUTE, TaskStarted("count", 2, "hosts/two", "opencv", 1, 2)),
]
"""Everything to the middle of the run: `read` is a quarter done, `count` half, the others wait."""

UNTIL_ENDED: list[tuple[Stage, Payload]] = [
    *UNTIL_RUNNING,
    (Stage.EXECUTE, TaskFinished(TaskResult("read", TaskState.SUCCEEDED, {"text": "Platform 9 closes"}), 410)),
    (Stage.EXECUTE, TaskFinished(TaskResult("count", TaskState.FAILED, error=CRASH), 2_000)),
    (Stage.EXECUTE, TaskFinished(TaskResult("sum", TaskState.SKIPPED, error=Error("UPSTREAM_FAILED", "No input.")), 0)),
    (Stage.EXECUTE, TaskFinished(TaskResult("speak", TaskState.SUCCEEDED, {"audio": ArtifactRef("artifacts/a")}), 32)),
    (Stage.EXECUTE, StageFinished(StageOutcome.SUCCEEDED, 2_100)),
    (Stage.RESPOND, StageStarted("builtin")),
    (Stage.RESPOND, AnswerText("It says ")),
    (Stage.RESPOND, AnswerText("“Platform 9”.\x1b]0;x\x07")),
    (Stage.RESPOND, AnswerFinished("It says “Platform 9”.\x1b]0;x\x07")),
    (Stage.RESPOND, StageFinished(StageOutcome.SUCCEEDED, 3)),
    (Stage.UNSPECIFIED, RunFinished(RunState.SUCCEEDED, None, 2_150)),
]


def after(payloads: Iterable[tuple[Stage, Payload]], run: RunSnapshot | None = None) -> RunSnapshot:
    """Returns a run after these events, the first at START and each 100 ms later than the one before."""
    run = run or RunSnapshot()
    first = run.last_sequence + 1
    for number, (stage, payload) in enumerate(payloads):
        run = apply(run, Event(NAME, first + number, START + timedelta(milliseconds=100 * number), stage, payload))
    return run
