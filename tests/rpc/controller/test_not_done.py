"""What a plan does not do, over gRPC: the run ends with it, or is shown and approved with it, and the caller has it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import reduce

import pytest

from orchestrion import Approval, AsyncClient
from orchestrion.errors import FailedPreconditionError, OrchestrionError
from orchestrion.events import (
    AnswerFinished,
    ApprovalAwaited,
    Event,
    PlanFinished,
    StageFinished,
    StageOutcome,
    TaskPlanned,
    TaskStarted,
)
from orchestrion.experts import AbsentExpert
from orchestrion.refusals import Question, QuestionChoice
from orchestrion.runs import RunState
from orchestrion.snapshots import RunSnapshot, apply
from tests.rpc.controller.conftest import StartHost
from tests.rpc.controller.partial_planners import MAIL
from tests.rpc.controller.plans import payloads

pytestmark = pytest.mark.usefixtures("partial_planners")


async def failed(stream: AsyncIterator[Event]) -> tuple[list[Event], OrchestrionError]:
    """Follows a run that fails, and returns its events and the exception."""
    events = []
    try:
        async for event in stream:
            events.append(event)
    except FailedPreconditionError as error:
        return events, error
    raise AssertionError("The run has not failed.")


def folded(events: list[Event]) -> RunSnapshot:
    return reduce(apply, events, RunSnapshot())


async def test_a_careful_planners_partial_plan_does_not_run_unasked(client: AsyncClient, start_host: StartHost) -> None:
    """Given a plan that leaves a part out, nothing starts; the run ends with the words and the nearest request."""
    host = await start_host()
    events, error = await failed(client.run("wait and mail it to Tom", planner="careful"))
    run = folded(events)

    assert host.calls == []
    assert (run.state, run.not_done) == (RunState.FAILED, (MAIL,))
    assert run.plan is not None
    assert [task.id for task in run.plan.tasks] == ["wait"]
    assert error.reason == "REQUEST_BEYOND_PLANNER"
    assert error.message == "I cannot do this: `and mail it to Tom`. Nothing here does that.\nTry: `wait`"
    assert (error.metadata["words"], error.metadata["planner"]) == ("and mail it to Tom", "careful")
    assert error.metadata["nearest_request"] == "wait"
    assert error.not_done == (MAIL,)
    assert [stage.outcome for stage in run.stages.values()] == [StageOutcome.FAILED]


async def test_the_log_has_the_partial_plan_and_no_task_of_it(client: AsyncClient) -> None:
    events, _ = await failed(client.run("wait and mail it to Tom", planner="careful"))
    assert payloads(events, TaskPlanned) == []
    assert payloads(events, TaskStarted) == []
    assert [finished.not_done for finished in payloads(events, PlanFinished)] == [(MAIL,)]
    watched = [event async for event in client.runs.watch(events[0].run)]
    assert watched == events


async def test_the_stage_plan_alone_ends_the_same_way(client: AsyncClient) -> None:
    with pytest.raises(FailedPreconditionError) as caught:
        await client.make_plan("wait and mail it to Tom", planner="careful")
    assert caught.value.not_done == (MAIL,)


async def test_ask_raises_with_it(client: AsyncClient) -> None:
    with pytest.raises(FailedPreconditionError) as caught:
        await client.ask("wait and mail it to Tom", planner="careful")
    assert caught.value.not_done == (MAIL,)


async def test_a_question_ends_the_run_with_its_choices(client: AsyncClient, start_host: StartHost) -> None:
    host = await start_host()
    events, error = await failed(client.run("how long?", planner="careful"))
    run = folded(events)
    choices = (QuestionChoice("short", "wait 1 s"), QuestionChoice("long", "wait 9 s"))
    assert run.questions == error.questions == (Question("How long?", choices),)
    assert error.message == "How long?\n1. short\n2. long"
    assert host.calls == []


async def test_a_partial_plan_can_be_approved_and_the_answer_says_what_is_missing(
    client: AsyncClient, start_host: StartHost
) -> None:
    await start_host()
    events = []
    async for event in client.run("wait and mail it to Tom", planner="careful", approval=Approval.REQUIRED):
        events.append(event)
        if isinstance(event.payload, ApprovalAwaited):
            await client.runs.approve(event.run)
    (answer,) = payloads(events, AnswerFinished)
    assert "waited" in answer.text
    assert "`and mail it to Tom`" in answer.text
    assert [end.outcome for end in payloads(events, StageFinished)] == [StageOutcome.SUCCEEDED] * 4


async def test_what_cannot_be_done_at_all_is_not_put_up_for_approval(client: AsyncClient) -> None:
    events, _ = await failed(client.run("mail it", planner="careful", approval=Approval.REQUIRED))
    assert payloads(events, ApprovalAwaited) == []


async def test_another_planners_partial_plan_runs_and_the_answer_names_the_rest(
    client: AsyncClient, start_host: StartHost
) -> None:
    await start_host()
    answer = await client.ask("wait and mail it to Tom", planner="bold")
    assert "waited" in answer.text
    assert answer.text.splitlines()[-2:] == [
        "I cannot do this: `and mail it to Tom`. Nothing here does that.",
        "Try: `wait`",
    ]


@pytest.mark.parametrize(
    ("request_text", "lines"),
    [
        (
            "Welche Farbe hat das Auto auf dem Bild?",
            [
                "Verstanden: eine Frage zu einem Bild beantworten (visual-question-answering); "
                "dafür läuft hier kein Experte.",
                "Abhilfe: `orchestrion models pull vilt-vqa` (470 MB)",
            ],
        ),
        (
            "图片里的汽车是什么颜色？",
            [
                "已理解：回答关于图片的问题（visual-question-answering）；但这里没有能做这件事的模型。",
                "获取方法：`orchestrion models pull vilt-vqa`（470 MB）",
            ],
        ),
    ],
)
async def test_a_missing_expert_takes_two_lines_with_the_command_that_a_host_reports(
    client: AsyncClient, start_host: StartHost, request_text: str, lines: list[str]
) -> None:
    """Given a task type that no expert serves, what was understood and the cure are told in the asker's language."""
    host = await start_host()
    host.absent_experts = (
        AbsentExpert(
            "vilt-vqa",
            ("visual-question-answering",),
            command="orchestrion models pull vilt-vqa",
            download_bytes=470_000_000,
        ),
    )
    await host.report()
    _, error = await failed(client.plan(request_text, planner="knowing"))
    assert error.message.splitlines() == lines
    (part,) = error.not_done
    assert (part.words, part.command, part.download_bytes) == (
        request_text, "orchestrion models pull vilt-vqa", 470_000_000,
    )  # fmt: skip
