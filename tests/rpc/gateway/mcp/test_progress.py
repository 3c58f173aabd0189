"""Events of runs as progress: words, and a fraction that only grows. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from orchestrion import Assignment, Event, Plan, RunSnapshot, Task, TaskResult, TaskState
from orchestrion.events import (
    AnswerText,
    AttemptFailed,
    Payload,
    PlanFinished,
    RunStarted,
    Stage,
    StageStarted,
    TaskAssigned,
    TaskFinished,
    TaskPlanned,
    TaskProgress,
    TaskStarted,
)
from orchestrion.plans import Error
from orchestrion.runs import RunKind
from orchestrion.snapshots import apply
from orchestrion_gateway.mcp_server.progress import ProgressReport

READ, SPEAK = Task("read", "image-to-text"), Task("speak", "text-to-speech")

Reports = list[tuple[float, float, str]]


async def reported(payloads: Sequence[tuple[Stage, Payload]]) -> Reports:
    """What is sent for the events of one run."""
    reports: Reports = []

    async def send(progress: float, total: float, message: str) -> None:
        reports.append((progress, total, message))

    run, report = RunSnapshot(), ProgressReport(send)
    for number, (stage, payload) in enumerate(payloads, start=1):
        event = Event("runs/one", number, None, stage, payload)
        run = apply(run, event)
        await report.show(run, event)
    return reports


async def test_a_run_is_told_from_its_plan_to_its_answer() -> None:
    reports = await reported(
        [
            (Stage.UNSPECIFIED, RunStarted(RunKind.FULL)),
            (Stage.PLAN, StageStarted("builtin")),
            (Stage.PLAN, TaskPlanned(READ)),
            (Stage.PLAN, TaskPlanned(SPEAK)),
            (Stage.PLAN, PlanFinished(Plan((READ, SPEAK)))),
            (Stage.SELECT, TaskAssigned(Assignment("read", "hosts/one", "ocr"))),
            (Stage.EXECUTE, TaskStarted("read", 1, "hosts/one", "ocr")),
            (Stage.EXECUTE, TaskProgress("read", 0.5, "reading")),
            (Stage.EXECUTE, TaskProgress("read", 0.5, "reading")),  # Nothing new, and at once.
            (Stage.EXECUTE, TaskProgress("read")),  # Nothing to say.
            (Stage.EXECUTE, AttemptFailed("read", 1, "hosts/one", "ocr", Error("OUT_OF_MEMORY", "No room."), True)),
            (Stage.EXECUTE, TaskStarted("read", 2, "hosts/two", "larger", item=1, item_count=3)),
            (Stage.EXECUTE, TaskFinished(TaskResult("read", TaskState.SUCCEEDED, {"text": "x"}))),
            (Stage.EXECUTE, TaskFinished(TaskResult("speak", TaskState.FAILED, error=Error("NO_EXPERT", "None.")))),
            (Stage.RESPOND, StageStarted("builtin")),
            (Stage.RESPOND, AnswerText("It")),
        ]
    )
    assert [words for _, _, words in reports] == [
        "Plans the request",
        "image-to-text: planned",
        "text-to-speech: planned",
        "image-to-text: goes to ocr",
        "image-to-text: runs on ocr",
        "image-to-text: reading, 50%",
        "image-to-text: ocr failed; another expert is tried: No room.",
        "image-to-text: runs on larger (2 of 3)",
        "image-to-text: succeeded",
        "text-to-speech: failed",
        "Writes the answer",
    ]
    amounts = [amount for amount, _, _ in reports]
    # Each is more than the one before, also when an attempt starts anew, and none is all of it.
    assert all(before < after for before, after in pairwise(amounts))
    assert {total for _, total, _ in reports} == {1.0}
    assert amounts[-1] < 1
    at = {words: amount for amount, _, words in reports}
    assert at["image-to-text: reading, 50%"] > at["text-to-speech: planned"] > 0
    assert at["image-to-text: succeeded"] >= 0.5


async def test_a_task_alone_is_as_far_as_it_says() -> None:
    reports = await reported(
        [
            (Stage.UNSPECIFIED, RunStarted(RunKind.EXECUTE)),
            (Stage.PLAN, TaskPlanned(READ)),
            (Stage.EXECUTE, TaskStarted("read", 1, "hosts/one", "ocr")),
            *((Stage.EXECUTE, TaskProgress("read", part / 1000, "")) for part in range(1000)),
        ]
    )
    # A task that says more than anybody reads is told of by its per cents, each once.
    assert [words for _, _, words in reports][:3] == [
        "image-to-text: runs on ocr", "image-to-text: 0%", "image-to-text: 1%"
    ]  # fmt: skip
    assert len(reports) <= 102
