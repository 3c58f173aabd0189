"""Plans that are approved before anything runs: as they are or edited, by one call only, or not in time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from orchestrion import Approval, ArtifactRef, AsyncClient, Plan
from orchestrion.errors import (
    DeadlineExceededError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    OrchestrionError,
    RunCancelledError,
)
from orchestrion.events import (
    ApprovalAwaited,
    Event,
    PlanApproved,
    PlanFinished,
    RunFinished,
    RunStarted,
    StageStarted,
    TaskAssigned,
)
from orchestrion.runs import OnDetach, RunState
from orchestrion_controller.server import Controller
from tests.rpc.controller.conftest import StartController, StartHost
from tests.rpc.controller.plans import CHAIN, after, collect, payloads, results, wait
from tests.rpc.controller.scripted_host import Gate, ScriptedHost, echo

ONE = Plan((wait("task"),))
REQUIRED = Approval.REQUIRED


async def until_awaited(events: AsyncGenerator[Event, None]) -> list[Event]:
    """Reads the events of a run until it awaits approval."""
    seen = [await anext(events)]
    while not isinstance(seen[-1].payload, ApprovalAwaited):
        seen.append(await anext(events))
    return seen


def awaiting(registry: CollectorRegistry) -> float | None:
    return registry.get_sample_value("orchestrion_controller_runs_awaiting_approval")


async def test_nothing_is_selected_or_executed_before_the_plan_is_approved(
    client: AsyncClient, start_host: StartHost, controller: Controller
) -> None:
    gate = Gate()
    host = await start_host(gate=gate)
    events = client.run("do it", plan=CHAIN, approval=REQUIRED)

    before = await until_awaited(events)

    kinds = [type(event.payload).__name__ for event in before]
    assert kinds == [
        "RunStarted", "StageStarted", "TaskPlanned", "TaskPlanned", "TaskPlanned", "PlanFinished", "StageFinished",
        "ApprovalAwaited",
    ]  # fmt: skip
    run, awaited = before[0].run, payloads(before, ApprovalAwaited)[0]
    assert awaited.plan == CHAIN
    reported = await client.runs.get(run)
    assert (reported.state, reported.plan, reported.assignments) == (RunState.AWAITING_APPROVAL, CHAIN, ())
    assert reported.approval_deadline_time == awaited.deadline_time
    assert [listed.state for listed in (await client.runs.list()).items] == [RunState.AWAITING_APPROVAL]
    assert awaiting(controller.metrics.registry) == 1
    assert host.calls == []

    assert (await client.runs.approve(run)).state is RunState.RUNNING
    gate.open.set()
    later = await collect(events)

    assert [type(event.payload) for event in later[:3]] == [PlanApproved, StageStarted, TaskAssigned]
    assert payloads(later, PlanApproved)[0].plan is None
    assert [event.sequence for event in [*before, *later] if event.sequence] == list(
        range(1, 1 + sum(1 for event in [*before, *later] if event.sequence))
    )
    assert all(result.succeeded for result in results(later).values())
    ended = await client.runs.get(run)
    assert (ended.state, ended.approval_deadline_time, ended.plan) == (RunState.SUCCEEDED, None, CHAIN)
    assert awaiting(controller.metrics.registry) == 0


async def test_an_edited_plan_is_carried_out_instead(
    client: AsyncClient, start_host: StartHost, controller: Controller
) -> None:
    host = await start_host()
    events = client.run("do it", plan=CHAIN, approval=REQUIRED)
    run = (await until_awaited(events))[0].run
    edited = Plan((wait("first", "changed"), wait("fourth", after("first"))))

    await client.runs.approve(run, edited)
    later = await collect(events)

    assert payloads(later, PlanApproved)[0].plan == edited
    assert {name: result.outputs["text"] for name, result in results(later).items()} == {
        "first": "changed", "fourth": "changed",
    }  # fmt: skip
    assert len(host.calls) == 2
    assert (await client.runs.get(run)).plan == edited
    counted = "orchestrion_controller_plan_approvals_total"
    assert controller.metrics.registry.get_sample_value(counted, {"outcome": "edited"}) == 1


async def test_a_plan_that_was_sent_back_unchanged_is_no_edited_one(client: AsyncClient, start_host: StartHost) -> None:
    await start_host()
    events = client.run("do it", plan=ONE, approval=REQUIRED)
    run = (await until_awaited(events))[0].run
    await client.runs.approve(run, ONE)
    assert payloads(await collect(events), PlanApproved)[0].plan is None


async def test_an_edited_plan_that_breaks_a_rule_is_refused_and_the_run_waits_for_a_better_one(
    client: AsyncClient, start_host: StartHost
) -> None:
    host = await start_host()
    events = client.run("do it", plan=CHAIN, approval=REQUIRED)
    run = (await until_awaited(events))[0].run

    bad = {
        "UNKNOWN_REFERENCE": replace(CHAIN, tasks=(CHAIN.tasks[0], wait("second", after("nobody")))),
        "UNKNOWN_TASK_TYPE": replace(CHAIN, tasks=(replace(CHAIN.tasks[0], type="test-dely"),)),
        "ILL_TYPED_INPUT": Plan((wait("first", delay_ms="long"),)),
        "PLAN_CYCLE": Plan((wait("a", after("b")), wait("b", after("a")))),
        "PLAN_INVALID": Plan(),
    }
    for reason, plan in bad.items():
        with pytest.raises(InvalidArgumentError) as caught:
            await client.runs.approve(run, plan)
        assert caught.value.reason == reason
        assert (caught.value.field or "").startswith("plan.")
        assert (await client.runs.get(run)).state is RunState.AWAITING_APPROVAL
    with pytest.raises(InvalidArgumentError) as placed:
        await client.runs.approve(run, bad["UNKNOWN_TASK_TYPE"])
    assert placed.value.metadata["task_id"] == "first"
    assert placed.value.field == "plan.tasks[0].type"

    await client.runs.approve(run, ONE)
    assert list(results(await collect(events))) == ["task"]
    assert len(host.calls) == 1


async def test_an_edited_plan_may_name_the_requests_attachments(client: AsyncClient, start_host: StartHost) -> None:
    """Given a request with a text file, the edited plan names it by its number and an artifact that does not exist."""
    await start_host()
    events = client.run("do it", [b"what the file says"], plan=ONE, approval=REQUIRED)
    run = (await until_awaited(events))[0].run
    with pytest.raises(NotFoundError) as missing:
        await client.runs.approve(run, ONE.with_inputs("task", text=ArtifactRef(f"artifacts/{'0' * 64}")))
    assert missing.value.reason == "ARTIFACT_NOT_FOUND"
    await client.runs.approve(run, ONE.with_inputs("task", text=ArtifactRef("attachments/1")))
    assert results(await collect(events))["task"].outputs["text"] == "what the file says"


async def test_a_run_is_approved_once(client: AsyncClient, start_host: StartHost) -> None:
    """Given two approvers at once, one is heard and the other one told so."""
    host = await start_host()
    events = client.run("do it", plan=ONE, approval=REQUIRED)
    run = (await until_awaited(events))[0].run
    edited = ONE.with_inputs("task", text="edited")

    async def approve(plan: Plan | None) -> str:
        try:
            await client.runs.approve(run, plan)
        except FailedPreconditionError as error:
            return error.reason
        return "heard"

    outcomes = await asyncio.gather(*(approve(plan) for plan in (edited, None, edited, None)))
    later = await collect(events)

    assert sorted(outcomes) == ["NOT_AWAITING_APPROVAL"] * 3 + ["heard"]
    assert len(payloads(later, PlanApproved)) == 1
    assert len(host.calls) == 1
    with pytest.raises(FailedPreconditionError, match="has ended"):
        await client.runs.approve(run)


async def test_a_repeated_call_is_heard_once_and_never_fails(
    client: AsyncClient, start_host: StartHost, start_controller: StartController
) -> None:
    """Given one request id, the call succeeds again: at once, after the end of the run, and on the next controller."""
    host = await start_host()
    events = client.run("do it", plan=ONE, approval=REQUIRED)
    run = (await until_awaited(events))[0].run

    both = await asyncio.gather(*(client.runs.approve(run, request_id="mine") for _ in range(2)))
    later = await collect(events)
    assert {reported.name for reported in both} == {run}
    assert len(payloads(later, PlanApproved)) == 1
    assert (await client.runs.approve(run, request_id="mine")).state is RunState.SUCCEEDED
    with pytest.raises(FailedPreconditionError):
        await client.runs.approve(run, request_id="not mine")

    successor = await start_controller()
    async with AsyncClient(f"127.0.0.1:{successor.grpc_port}") as other:
        assert (await other.runs.approve(run, request_id="mine")).state is RunState.SUCCEEDED
    assert len(host.calls) == 1


async def test_what_does_not_await_approval_cannot_be_approved(client: AsyncClient, start_host: StartHost) -> None:
    await start_host()
    ended = (await collect(client.run("do it", plan=ONE)))[0].run
    async with aclosing(
        client.run("do it", plan=ONE.with_inputs("task", delay_ms=0), on_detach=OnDetach.CONTINUE)
    ) as events:
        await anext(events)
    for run in (ended, (await client.runs.list()).items[0].name):
        with pytest.raises(FailedPreconditionError) as caught:
            await client.runs.approve(run)
        assert caught.value.reason == "NOT_AWAITING_APPROVAL"
    with pytest.raises(NotFoundError) as missing:
        await client.runs.approve("runs/00000000000000000000")
    assert missing.value.reason == "RUN_NOT_FOUND"
    with pytest.raises(InvalidArgumentError, match="request_id"):
        await client.runs.approve(ended, request_id="x" * 65)


@pytest.mark.parametrize("by", ["request", "server"])
async def test_a_run_that_nobody_approves_in_time_is_cancelled(
    by: str, start_controller: StartController, start_host: StartHost
) -> None:
    controller = await start_controller(**({"approval_timeout_ms": 200} if by == "server" else {}))
    async with AsyncClient(f"127.0.0.1:{controller.grpc_port}") as client:
        own = {"approval_timeout_ms": 200} if by == "request" else {}
        events = client.run("do it", plan=ONE, approval=REQUIRED, **own)  # type: ignore[arg-type]  # Settings by name.
        run = (await until_awaited(events))[0].run
        with pytest.raises(RunCancelledError) as caught:
            await collect(events)
        assert caught.value.reason == "APPROVAL_TIMED_OUT"
        reported = await client.runs.get(run)
        assert reported.state is RunState.CANCELLED
        assert reported.error is not None
        assert reported.error.reason == "APPROVAL_TIMED_OUT"
        with pytest.raises(FailedPreconditionError):
            await client.runs.approve(run)
        assert awaiting(controller.metrics.registry) == 0


@pytest.mark.parametrize("timeout_ms", [0, -1, 604_800_001])
async def test_an_approval_timeout_has_its_range(timeout_ms: int, client: AsyncClient) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        await collect(client.run("do it", approval=REQUIRED, approval_timeout_ms=timeout_ms))
    assert caught.value.field == "approval_timeout_ms"


async def test_cancelling_refuses_the_plan(client: AsyncClient, start_host: StartHost) -> None:
    host = await start_host()
    events = client.run("do it", plan=ONE, approval=REQUIRED)
    run = (await until_awaited(events))[0].run
    assert (await client.runs.cancel(run)).state is RunState.CANCELLED
    with pytest.raises(RunCancelledError) as caught:
        await collect(events)
    assert caught.value.reason == "CANCELLED"
    with pytest.raises(FailedPreconditionError):
        await client.runs.approve(run)
    assert host.calls == []


async def test_the_deadline_of_the_call_ends_the_waiting_too(client: AsyncClient, start_host: StartHost) -> None:
    await start_host()
    with pytest.raises(DeadlineExceededError):
        await collect(client.run("do it", plan=ONE, approval=REQUIRED, timeout=1))
    run = (await client.runs.list()).items[0].name
    log = await collect(client.runs.watch(run))
    end = payloads(log, RunFinished)[0]
    awaited, started = payloads(log, ApprovalAwaited)[0], payloads(log, RunStarted)[0]
    assert awaited.deadline_time is not None
    assert started.deadline_time is not None
    # Who is asked is told when the answer must be there.
    assert abs(awaited.deadline_time - started.deadline_time) < timedelta(minutes=1)
    assert end.state is RunState.CANCELLED
    assert end.error is not None
    assert end.error.reason == "DEADLINE_EXCEEDED"


async def test_a_run_whose_client_left_waits_for_no_approval(start_controller: StartController) -> None:
    """Given room for one run, the next one gets it when the one that nobody watches has been cancelled."""
    controller = await start_controller(max_running_runs=1)
    async with AsyncClient(f"127.0.0.1:{controller.grpc_port}", wait_when_full=True) as client:
        async with aclosing(client.run("do it", plan=ONE, approval=REQUIRED, detach_grace_ms=0)) as events:
            run = (await until_awaited(events))[0].run
        await collect(client.run("hello", plan=Plan((), "It is a greeting.")))
        log = await collect(client.runs.watch(run))
    end = payloads(log, RunFinished)[0]
    assert end.error is not None
    assert end.error.reason == "CLIENT_LEFT"


async def test_another_client_watches_and_approves_a_run_that_was_left_to_itself(
    client: AsyncClient, start_host: StartHost, address: str
) -> None:
    await start_host()
    async with aclosing(
        client.run("do it", plan=CHAIN, approval=REQUIRED, on_detach=OnDetach.CONTINUE, detach_grace_ms=0)
    ) as events:
        run = (await until_awaited(events))[0].run

    async with AsyncClient(address) as other:
        watched = other.runs.watch(run)
        seen = await until_awaited(watched)
        assert (await other.runs.get(run)).state is RunState.AWAITING_APPROVAL
        await other.runs.approve(run, payloads(seen, ApprovalAwaited)[0].plan.without("third"))
        seen += await collect(watched)

    log = await collect(client.runs.watch(run))
    assert log == [event for event in seen if event.sequence]
    assert list(results(log)) == ["first", "second"]


async def test_a_planner_that_needs_no_expert_is_asked_about_too(client: AsyncClient, start_host: StartHost) -> None:
    """Given a plan without tasks, a person may still put some in."""
    await start_host()
    events = client.run("do it", plan=Plan((), "It is a greeting."), approval=REQUIRED)
    seen = await until_awaited(events)
    assert payloads(seen, PlanFinished)[0].plan.no_task_reason
    await client.runs.approve(seen[0].run, ONE)
    assert list(results(await collect(events))) == ["task"]


async def test_a_run_that_waits_is_not_waited_for_and_waits_on_in_the_next_controller(
    start_controller: StartController,
) -> None:
    first = await start_controller(shutdown_grace_s=60.0)
    async with AsyncClient(f"127.0.0.1:{first.grpc_port}", reconnect=0) as client:
        events = client.run("do it", plan=ONE, approval=REQUIRED, on_detach=OnDetach.CONTINUE)
        seen = await until_awaited(events)
        await first.stop()
        with pytest.raises(OrchestrionError) as caught:
            await collect(events)
    assert caught.value.reason == "SERVER_STOPPING"

    second = await start_controller()
    async with AsyncClient(f"127.0.0.1:{second.grpc_port}") as client:
        host = ScriptedHost("one", client.address, {"echo": echo})
        await host.start()
        await client.runs.approve(seen[0].run)
        log = await collect(client.runs.watch(seen[0].run))
        await host.stop()
    assert len(payloads(log, ApprovalAwaited)) == 1
    assert list(results(log)) == ["task"]


async def _never(inputs: object) -> dict[str, str]:
    raise AssertionError(f"called with {inputs}")
