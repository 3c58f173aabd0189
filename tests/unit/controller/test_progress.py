"""How far a run came, read from the log that a killed controller left, and what is told of what broke off."""

from __future__ import annotations

from datetime import UTC, datetime

from orchestrion.events import (
    AnswerText,
    AttemptFailed,
    Event,
    Payload,
    PlanFinished,
    RunStarted,
    Stage,
    StageStarted,
    TaskFinished,
    TaskPlanned,
    TaskStarted,
)
from orchestrion.plans import Plan, TaskResult, TaskState
from orchestrion.runs import RunKind
from orchestrion.snapshots import RunSnapshot, apply
from orchestrion_controller.progress import end_of, open_attempts, progress_of
from tests.rpc.controller.plans import CHAIN, after, wait

FIRST, SECOND, THIRD = CHAIN.tasks
START = datetime(2026, 1, 1, tzinfo=UTC)


def log(*payloads: tuple[Stage, Payload]) -> list[Event]:
    """Numbers payloads as the log of a run."""
    opened = (Stage.UNSPECIFIED, RunStarted(RunKind.FULL))
    return [Event("runs/a", number, START, *item) for number, item in enumerate((opened, *payloads), 1)]


def ended(task_id: str) -> tuple[Stage, Payload]:
    return Stage.EXECUTE, TaskFinished(TaskResult(task_id, TaskState.SUCCEEDED, {"text": task_id}))


def started(task_id: str, attempt: int = 1) -> tuple[Stage, Payload]:
    return Stage.EXECUTE, TaskStarted(task_id, attempt, "hosts/one", "delay")


PLANNED = [(Stage.PLAN, StageStarted("llm")), *((Stage.PLAN, TaskPlanned(task)) for task in CHAIN.tasks)]


def test_a_plan_that_was_not_whole_keeps_results_only_of_what_comes_out_the_same() -> None:
    progress = progress_of(log(*PLANNED, started("first"), ended("first"), ended("second"), ended("third")))
    assert progress.planned is None
    assert progress.hosts == {"hosts/one"}
    assert set(progress.kept(CHAIN)) == {"first", "second", "third"}
    # What refers to a task that is another now has inputs of another, whatever its own words are.
    other = Plan((FIRST, wait("second", "new words"), wait("third", after("second"))))
    assert set(progress.kept(other)) == {"first"}
    assert set(progress.kept(Plan((SECOND, THIRD)))) == set()


def test_attempts_under_way_are_those_that_nothing_ended() -> None:
    failed = AttemptFailed("second", 1, "hosts/one", "delay", None, retried=True)  # type: ignore[arg-type]  # Not read.
    past = log(*PLANNED, started("first"), ended("first"), started("second"))
    assert [start.task_id for start in open_attempts(past)] == ["second"]
    assert open_attempts([*past, Event("runs/a", 99, START, Stage.EXECUTE, failed)]) == []


def test_a_whole_plan_is_kept_and_no_log_has_ended_without_its_last_event() -> None:
    past = log(*PLANNED, (Stage.PLAN, PlanFinished(CHAIN)))
    assert progress_of(past).planned == PlanFinished(CHAIN)
    assert end_of(past) is None
    assert end_of([]) is None


def test_an_answer_that_is_begun_again_replaces_what_there_was_of_it() -> None:
    respond = (Stage.RESPOND, StageStarted("llm"))
    run = RunSnapshot()
    for event in log(respond, (Stage.RESPOND, AnswerText("The ca")), respond, (Stage.RESPOND, AnswerText("The cat."))):
        run = apply(run, event)
    assert run.answer_so_far == "The cat."
