from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from orchestrion import events
from orchestrion._codec import codec
from orchestrion.events import Event, Payload, Stage
from orchestrion.experts import Assignment
from orchestrion.plans import Error, Plan, Task, TaskResult, TaskState
from orchestrion.runs import Message, Role, Run, RunKind, RunState
from orchestrion_controller.runs.views import LARGEST_RUN_BYTES, logged, sent

ROW = Run("runs/a", RunKind.FULL, RunState.RUNNING, datetime(2026, 1, 1, tzinfo=UTC), previous_run="runs/b")
END = datetime(2026, 1, 2, tzinfo=UTC)
MESSAGES = (Message("read it", artifacts=("artifacts/x",)), Message("done", Role.ASSISTANT))
READ, SPEAK = Task("read", "image-to-text"), Task("speak", "text-to-speech")
ON_ONE, ON_TWO = Assignment("read", "hosts/one", "ocr"), Assignment("read", "hosts/two", "ocr")
GOOD = TaskResult("read", TaskState.SUCCEEDED, {"text": "hello"})
BAD = TaskResult("speak", TaskState.FAILED, error=Error("EXPERT_FAILED", "It broke."))


def folded(*payloads: Payload) -> Run:
    log = [Event("runs/a", number, END, Stage.UNSPECIFIED, payload) for number, payload in enumerate(payloads, 1)]
    return logged(ROW, log)


def result(task_id: str, size: int) -> TaskResult:
    return TaskResult(task_id, TaskState.SUCCEEDED, {"text": "x" * size})


def test_a_run_that_a_message_can_carry_is_sent_whole() -> None:
    run = replace(ROW, results=(result("a", 10), result("b", LARGEST_RUN_BYTES - 1_000)))
    assert codec.decode(sent(run), Run) == run


def test_of_a_larger_run_the_largest_outputs_are_left_out_by_name() -> None:
    results = (
        result("a", 10),
        *(result(name, LARGEST_RUN_BYTES * tenths // 10) for name, tenths in (("b", 4), ("c", 6), ("d", 5))),
    )
    run = codec.decode(sent(replace(ROW, results=results, answer="It says.")), Run)
    assert run.left_out == ("results[2].outputs",)
    assert [bool(one.outputs) for one in run.results] == [True, True, False, True]
    assert [one.state for one in run.results] == [TaskState.SUCCEEDED] * 4
    assert run.answer == "It says."


def test_what_is_too_large_besides_outputs_is_left_out_whole() -> None:
    failed = tuple(
        TaskResult(str(number), TaskState.FAILED, error=Error("INTERNAL", "x" * 500)) for number in range(999)
    )
    plan = Plan((Task("a", "test-delay", {"text": "x" * LARGEST_RUN_BYTES}),))
    message = sent(replace(ROW, results=(*failed, result("big", 900)), plan=plan, messages=MESSAGES))
    assert list(message.left_out) == ["results", "assignments", "plan"]
    assert codec.decode(message, Run).messages == MESSAGES


def test_a_row_without_events_stays_as_it_is() -> None:
    assert folded() == ROW


def test_a_whole_run() -> None:
    run = folded(
        events.RunStarted(RunKind.FULL, MESSAGES),
        events.StageStarted("builtin"),
        events.TaskPlanned(READ),
        events.TaskAssigned(ON_ONE),
        events.TaskPlanned(SPEAK),
        events.PlanFinished(Plan((READ, SPEAK))),
        events.StageFinished(events.StageOutcome.SUCCEEDED),
        events.TaskStarted("read", 1, "hosts/one", "ocr"),
        events.TaskText("read", "text", "hel"),
        events.TaskFinished(GOOD),
        events.TaskFinished(BAD),
        events.AnswerText("It says"),
        events.AnswerFinished("It says hello.", ("artifacts/x",)),
        events.RunFinished(RunState.SUCCEEDED),
    )
    assert run == Run(
        name="runs/a",
        kind=RunKind.FULL,
        state=RunState.SUCCEEDED,
        create_time=ROW.create_time,
        end_time=END,
        last_sequence=14,
        messages=MESSAGES,
        plan=Plan((READ, SPEAK)),
        assignments=(ON_ONE,),
        results=(GOOD, BAD),
        answer="It says hello.",
        answer_artifacts=("artifacts/x",),
        previous_run="runs/b",
    )


def test_the_plan_so_far() -> None:
    assert folded(events.RunStarted(RunKind.FULL)).plan is None
    assert folded(events.TaskPlanned(READ)).plan == Plan((READ,))
    assert folded(events.TaskPlanned(READ), events.TaskPlanned(SPEAK)).plan == Plan((READ, SPEAK))


def test_a_plan_that_needs_no_expert_is_a_plan() -> None:
    assert folded(events.PlanFinished(Plan((), "It is a greeting."))).plan == Plan((), "It is a greeting.")
    # An empty plan is false as a container is in many languages; it must not be taken for none.
    assert folded(events.TaskPlanned(READ), events.PlanFinished(Plan())).plan == Plan()


def test_a_revoked_task_is_gone_with_all_that_it_had() -> None:
    run = folded(
        events.TaskPlanned(READ),
        events.TaskPlanned(SPEAK),
        events.TaskAssigned(ON_ONE),
        events.TaskFinished(GOOD),
        events.PlanRejected(Error("PLAN_CYCLE", "In a circle.")),
        events.TaskRevoked("read"),
        events.TaskRevoked("never there"),
    )
    assert (run.plan, run.assignments, run.results) == (Plan((SPEAK,)), (), ())


def test_a_task_planned_anew_is_there_again() -> None:
    again = Task("read", "image-to-text", {"image": "other"})
    run = folded(events.TaskPlanned(READ), events.TaskRevoked("read"), events.TaskPlanned(again))
    assert run.plan == Plan((again,))


def test_the_last_assignment_of_a_task_counts() -> None:
    assert folded(events.TaskAssigned(ON_ONE), events.TaskAssigned(ON_TWO)).assignments == (ON_TWO,)


@pytest.mark.parametrize("state", [RunState.FAILED, RunState.CANCELLED])
def test_a_run_that_did_not_succeed(state: RunState) -> None:
    error = Error("NO_EXPERT", "Nobody can.")
    run = folded(events.RunStarted(RunKind.PLAN), events.RunFinished(state, error))
    assert (run.state, run.error, run.end_time) == (state, error, END)


def test_what_is_not_numbered_does_not_count() -> None:
    log = [
        Event("runs/a", 3, END, Stage.EXECUTE, events.TaskStarted("read", 1, "hosts/one", "ocr")),
        Event("runs/a", 0, END, Stage.EXECUTE, events.TaskProgress("read", 0.5)),
    ]
    assert logged(ROW, log).last_sequence == 3


def test_a_run_waits_until_its_plan_is_approved() -> None:
    """Given a plan that awaits approval, the run says until when; an edited plan then takes its place."""
    shown, edited = Plan((READ, SPEAK)), Plan((READ,))
    awaiting = (events.PlanFinished(shown), events.ApprovalAwaited(shown, END))
    waiting = folded(*awaiting)
    assert (waiting.state, waiting.plan, waiting.approval_deadline_time) == (RunState.AWAITING_APPROVAL, shown, END)
    as_it_was = folded(*awaiting, events.PlanApproved(request_id="mine"))
    assert (as_it_was.state, as_it_was.plan, as_it_was.approval_deadline_time) == (RunState.RUNNING, shown, None)
    assert folded(*awaiting, events.PlanApproved(edited)).plan == edited
    ended = folded(*awaiting, events.RunFinished(RunState.CANCELLED))
    assert (ended.state, ended.approval_deadline_time) == (RunState.CANCELLED, None)
