"""The fold of events: each changes what it is about and nothing else, and an event that comes twice counts once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from orchestrion.events import (
    AnswerText,
    ApprovalAwaited,
    Event,
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
    TaskText,
)
from orchestrion.experts import Assignment
from orchestrion.plans import Error, Plan, Task, TaskResult, TaskState
from orchestrion.refusals import NotDone
from orchestrion.runs import RunKind, RunState
from orchestrion.snapshots import RunSnapshot, StreamedText, TaskPhase, apply, of_run
from orchestrion.values import OutputRef
from tests.unit.client.run_logs import NAME, PLAN, READ, SPEAK, START, UNTIL_ENDED, UNTIL_RUNNING, after

DONE = TaskResult("read", TaskState.SUCCEEDED, {"text": "EXIT"})


def folded(*payloads: Payload, run: RunSnapshot | None = None) -> RunSnapshot:
    return after(((Stage.UNSPECIFIED, payload) for payload in payloads), run)


def test_before_its_first_event_a_run_has_no_name_and_no_state() -> None:
    assert (RunSnapshot().name, RunSnapshot().state, RunSnapshot().plan_so_far) == ("", RunState.UNSPECIFIED, None)
    started = folded(RunStarted(RunKind.FULL, deadline_time=START, previous_run="runs/b"))
    assert (started.name, started.state, started.create_time) == (NAME, RunState.RUNNING, START)
    assert (started.deadline_time, started.previous_run) == (START, "runs/b")


def test_in_the_middle_every_task_stands_where_it_is() -> None:
    run = after(UNTIL_RUNNING)
    assert {name: task.phase for name, task in run.tasks.items()} == {
        "read": TaskPhase.RUNNING, "speak": TaskPhase.ASSIGNED, "count": TaskPhase.RUNNING, "sum": TaskPhase.PLANNED,
    }  # fmt: skip
    read, count = run.tasks["read"], run.tasks["count"]
    assert (read.expert_id, read.host, read.fraction, read.message) == ("rapidocr", "hosts/one", 0.25, "looking")
    assert str(read.text) == "Platform 9\ncloses 日本"
    assert (count.items_done, count.item_count, count.fraction, count.host) == (1, 2, 0.5, "hosts/two")
    assert (dict(count.attempts), count.attempt, len(count.failures)) == ({0: 1, 1: 2}, 2, 1)
    assert run.tasks["sum"].parents == ("read", "count")
    assert (run.stages[Stage.PLAN].performer, run.stages[Stage.PLAN].duration_ms) == ("builtin", 12)


def test_at_the_end_results_stand_in_the_order_of_their_coming() -> None:
    run = after(UNTIL_ENDED)
    assert [result.task_id for result in run.results] == ["read", "count", "sum", "speak"]
    assert [task.phase.name for task in run.tasks.values()] == ["SUCCEEDED", "SUCCEEDED", "FAILED", "SKIPPED"]
    assert (run.answer, run.answer_so_far, str(run.streamed_answer)) == (UNTIL_ENDED[-3][1].text,) * 3  # type: ignore[union-attr]  # Seen by running.
    assert (run.state, run.duration_ms, run.end_time) == (
        RunState.SUCCEEDED, 2_150, START + timedelta(milliseconds=100 * (len(UNTIL_ENDED) - 1)),
    )  # fmt: skip


def test_another_attempt_forgets_what_the_first_had_done() -> None:
    preview = TaskPreview("read", "image/png", b"x")
    run = folded(preview, TaskStarted("read", 2, "hosts/two", "other"), run=after(UNTIL_RUNNING))
    again = run.tasks["read"]
    assert (again.attempt, again.fraction, str(again.text), again.expert_id) == (2, None, "", "other")
    assert (again.previews, again.start_time) == ({}, after(UNTIL_RUNNING).tasks["read"].start_time)


def test_another_attempt_at_an_item_leaves_the_others_alone() -> None:
    texts = [TaskText("a", "text", f"item {item}", item) for item in (0, 1)]
    run = folded(*texts, TaskProgress("a", 1.0, "done", 0), TaskStarted("a", 2, "hosts/x", "y", 1, 2)).tasks["a"]
    assert ({key: str(text) for key, text in run.texts.items()}, run.fractions) == ({(0, "text"): "item 0"}, {0: 1.0})


def test_a_repaired_plan_loses_its_revoked_tasks_and_late_words_of_them_are_void() -> None:
    """Given a task that was done when it was revoked, its result is gone, also where it is written down after that."""
    rejected = PlanRejected(Error("PLAN_CYCLE", "A circle."))
    run = folded(TaskFinished(DONE), rejected, TaskRevoked("read"), TaskFinished(DONE), run=after(UNTIL_RUNNING))
    assert list(run.tasks) == ["speak", "count", "sum"]
    assert run.results == ()
    assert (run.revoked["read"].phase, run.rejections) == (TaskPhase.REVOKED, (rejected.error,))
    again = folded(TaskPlanned(READ), run=run)
    assert (again.tasks["read"].phase, again.revoked) == (TaskPhase.PLANNED, {})


def test_what_had_the_outputs_of_a_revoked_task_starts_anew() -> None:
    spoken = TaskResult("speak", TaskState.SUCCEEDED)
    started = TaskStarted("speak", 1, "hosts/one", "espeak-ng")
    run = folded(TaskFinished(DONE), started, TaskFinished(spoken), TaskRevoked("read"), run=after(UNTIL_RUNNING))
    speak = run.tasks["speak"]
    assert (speak.phase, speak.result, speak.attempt, speak.expert_id) == (TaskPhase.ASSIGNED, None, 0, "espeak-ng")
    assert (run.tasks["count"].phase, run.results) == (TaskPhase.RUNNING, ())


def test_a_task_that_starts_after_its_end_starts_anew() -> None:
    run = folded(TaskFinished(DONE), TaskStarted("read", 1, "hosts/two", "other"), run=after(UNTIL_RUNNING))
    assert (run.tasks["read"].phase, run.tasks["read"].result, run.results) == (TaskPhase.RUNNING, None, ())


def test_an_edited_plan_takes_the_place_of_the_other() -> None:
    edited = Plan((replace(SPEAK, inputs={"text": "Hello."}),))
    shown = folded(PlanFinished(PLAN, 0.7, ("Is it?",)), ApprovalAwaited(PLAN, START))
    assert (shown.state, shown.approval_deadline_time) == (RunState.AWAITING_APPROVAL, START)
    run = folded(PlanApproved(edited, "mine"), run=shown)
    assert (run.state, run.plan, list(run.tasks), run.approval_deadline_time) == (
        RunState.RUNNING, edited, ["speak"], None,
    )  # fmt: skip
    assert run.approval is not None
    assert (run.approval.plan, run.approval.edited_plan, run.approval.request_id) == (PLAN, edited, "mine")
    assert (run.confidence, run.doubts) == (0.7, ("Is it?",))
    assert folded(PlanApproved(None), run=shown).plan == PLAN


def test_what_a_plan_leaves_out_is_kept_until_another_plan_is_approved() -> None:
    """Given a plan that leaves a part out, nobody says what an edited one leaves out."""
    parts = (NotDone("and mail it", "Nothing here does that."),)
    shown = folded(PlanFinished(PLAN, not_done=parts), ApprovalAwaited(PLAN, START))
    assert shown.not_done == folded(PlanApproved(None), run=shown).not_done == parts
    assert folded(PlanApproved(Plan((READ,))), run=shown).not_done == ()


def test_the_whole_plan_has_the_last_word_on_tasks_and_their_order() -> None:
    run = folded(TaskPlanned(SPEAK), TaskPlanned(READ), TaskAssigned(Assignment("speak", "hosts/one", "a")))
    assert (list(run.tasks), run.plan, run.plan_so_far) == (["speak", "read"], None, Plan((SPEAK, READ)))
    whole = folded(TaskAssigned(Assignment("read", "hosts/one", "b")), PlanFinished(PLAN), run=run)
    assert list(whole.tasks) == ["read", "speak", "count", "sum"]
    assert [assignment.task_id for assignment in whole.assignments] == ["read", "speak"]
    assert folded(PlanFinished(Plan((), "A greeting.")), run=whole).tasks == {}


def test_the_end_of_a_run_alone_can_be_folded() -> None:
    """As `watch --after` sees it: tasks whose planning was left out are there as far as the rest says."""
    run = after(UNTIL_ENDED[-12:])
    assert (run.name, run.tasks["read"].phase, run.tasks["read"].task) == (NAME, TaskPhase.SUCCEEDED, None)
    assert run.plan_so_far is None


def test_who_gets_a_run_can_go_on_from_there() -> None:
    """Given the run as it was in the middle, what follows brings it to the same end as the whole log."""
    whole = after(UNTIL_ENDED)
    rest = UNTIL_ENDED[len(UNTIL_RUNNING) :]
    late = after(rest, of_run(after(UNTIL_RUNNING).as_run()))
    assert replace(late.as_run(), end_time=None) == replace(whole.as_run(), end_time=None)


@pytest.mark.parametrize(("fraction", "kept"), [(-1.0, 0.0), (7.0, 1.0), (None, None)])
def test_fractions_stay_in_their_range(fraction: float | None, kept: float | None) -> None:
    assert folded(TaskProgress("a", fraction)).tasks["a"].fraction == kept


def test_events_that_come_again_and_those_of_a_newer_server_change_nothing() -> None:
    run = after(UNTIL_RUNNING)
    again = Event(NAME, run.last_sequence, START, Stage.UNSPECIFIED, RunFinished(RunState.FAILED))
    assert apply(run, again) is run
    newer = Event(NAME, run.last_sequence + 1, START, Stage.EXECUTE, None)  # type: ignore[arg-type]  # Seen by running.
    assert apply(run, newer) == replace(run, last_sequence=run.last_sequence + 1)


def test_tokens_and_calls_of_a_stage() -> None:
    run = after([(Stage.PLAN, StageStarted("llm")), (Stage.PLAN, StageFinished(StageOutcome.SUCCEEDED, 5, 2, 300, 40))])
    stage = run.stages[Stage.PLAN]
    assert (stage.performer, stage.llm_call_count, stage.prompt_token_count, stage.completion_token_count) == (
        "llm", 2, 300, 40,
    )  # fmt: skip


def test_a_reference_to_a_task_that_is_not_planned_yet_is_in_order_once_the_plan_is_whole() -> None:
    late = Task("sum", "t", {"x": (OutputRef("z", "y"), OutputRef("a", "y"))})
    plan = Plan((Task("z", "t"), Task("a", "t"), late))
    assert folded(TaskPlanned(late)).tasks["sum"].parents == ("a", "z")
    assert folded(TaskPlanned(late), PlanFinished(plan)).tasks["sum"].parents == ("z", "a")


def test_a_text_that_comes_in_ten_thousand_pieces_is_copied_seldom() -> None:
    run = folded(*(AnswerText(f"piece {number} ") for number in range(10_000)))
    text = run.streamed_answer
    assert str(text) == "".join(f"piece {number} " for number in range(10_000))
    assert len(text.chunks) < 20
    assert (text.tail(5), text.tail(10**9), len(text)) == ("9999 ", str(text), len(str(text)))
    assert text == StreamedText((str(text),))
