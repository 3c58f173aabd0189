"""Events as lines: one each, whatever they hold."""

from __future__ import annotations

import pytest

from orchestrion.cli.printer import Printer, describe, duration, one_line, printable, render
from orchestrion.events import (
    ApprovalAwaited,
    AttemptFailed,
    Event,
    Payload,
    PlanApproved,
    PlanFinished,
    PlanRejected,
    Stage,
    StageFinished,
    StageOutcome,
    StageStarted,
    TaskFinished,
    TaskPreview,
    TaskProgress,
    TaskRevoked,
    TaskStarted,
)
from orchestrion.plans import Error, Plan, Task, TaskResult, TaskState
from orchestrion.refusals import NotDone, Question, QuestionChoice
from orchestrion.values import ArtifactRef, Json, OutputRef, Value

ERROR = Error("EXPERT_FAILED", "It broke.\nBadly.")
BROKEN = Error("WORKER_CRASHED", "Gone.")


@pytest.mark.parametrize(
    ("payload", "line"),
    [
        (StageStarted("builtin"), "by builtin"),
        (StageStarted(), "begins"),
        (StageFinished(StageOutcome.SUCCEEDED, 12.3), "done in 12 ms"),
        (StageFinished(StageOutcome.FAILED, 1234, 2, 900, 50), "failed in 1.23 s, 900 + 50 tokens"),
        (PlanRejected(ERROR), "the plan goes back to the planner: It broke. Badly."),
        (PlanFinished(Plan(no_task_reason="It is a greeting.")), "no expert needed: It is a greeting."),
        (ApprovalAwaited(Plan(), None), "plan awaits approval until it is given"),
        (PlanApproved(), "plan approved"),
        (
            PlanApproved(Plan((Task("a", "summarization", {"text": "x"}), Task("b", "ocr")))),
            'plan approved with changes: a: summarization (text "x"); b: ocr ()',
        ),
        (TaskRevoked("a"), "a is no longer part of the plan"),
        (TaskStarted("a", 2, "hosts/h", "e", 0, 3), "a 1 of 3 started by e on h, attempt 2"),
        (TaskProgress("a", None, "loading"), "a loading"),
        (TaskProgress("a", 0.256, "", 1), "a 2 26%"),
        (TaskPreview("a", "image/png", b""), "a first look, image/png"),
        (
            AttemptFailed("a", 1, "hosts/h", "e", ERROR, True),
            "a attempt 1 failed, e on h: It broke. Badly.; trying another",
        ),
        (TaskFinished(TaskResult("a", TaskState.FAILED, error=ERROR)), "a failed: It broke. Badly."),
        (TaskFinished(TaskResult("a", TaskState.SUCCEEDED, {"b": 1, "a": True}), 5), "a done in 5 ms: a yes, b 1"),
    ],
)
def test_events_have_their_line(payload: Payload, line: str) -> None:
    assert describe(Event("runs/1", 1, None, Stage.EXECUTE, payload)) == line


def test_what_a_plan_leaves_out_and_asks_has_a_line_each() -> None:
    lines: list[str] = []
    words = "a part that takes more room than a line of a log has, since people write long requests " * 3
    end = PlanFinished(
        Plan((), "Nothing."),
        not_done=(NotDone(words.strip(), "No.", "read it"),),
        questions=(Question("Which?", (QuestionChoice("a\x1b[2J", "1"),)),),
    )
    Printer(lines.append).show(Event("runs/r", 1, None, Stage.PLAN, end))
    assert lines == [
        f"plan     not done: `{words.strip()}`: No.",
        "plan     not done: > read it",
        "plan     asks: Which?",
        "plan     asks: 1. a[2J",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a\n b", '"a b"'),
        ("x" * 500, f'"{"x" * 159}…"'),
        (0.1234567891, "0.123457"),
        (True, "yes"),
        (ArtifactRef("artifacts/" + "0123456789abcdef" * 4), "artifacts/01234567"),
        (ArtifactRef("artifacts/" + "0123456789abcdef" * 4 + "-ba9876543210"), "artifacts/01234567-ba98"),
        (OutputRef("a", "texts", 2), "a.texts[2]"),
        (Json({"a": 1}), "{'a': 1}"),
        (Json(["a long text"] * 20), "20 items"),
        (("a", 1), '["a", 1]'),
        ((), "[]"),
    ],
)
def test_values_fit_on_a_line(value: Value, text: str) -> None:
    assert render(value) == text


def test_nothing_steers_the_terminal() -> None:
    assert printable("a\x1b[31m\x9b\x07\r\tb\n") == "a[31m\tb\n"
    assert one_line("a\x1b\x85\u2028b") == "a b"


def test_durations() -> None:
    assert [duration(value) for value in (0.4, 999, 1_000, 61_500)] == ["0 ms", "999 ms", "1.00 s", "61.50 s"]
