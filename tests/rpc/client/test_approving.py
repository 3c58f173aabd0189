"""Both clients approve plans, also where the answer to their call is lost."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from orchestrion import Approval, ArtifactRef, AsyncClient, OnDetach, Plan
from orchestrion.errors import FailedPreconditionError, InvalidArgumentError
from orchestrion.events import ApprovalAwaited, PlanApproved
from orchestrion.runs import RunKind, RunState
from orchestrion.testing import FakeController
from tests.rpc.client.both import MakeClient
from tests.rpc.client.proxy import Proxy
from tests.rpc.controller.conftest import StartHost
from tests.rpc.controller.plans import CHAIN, collect, payloads, results
from tests.rpc.controller.scripted_host import Gate


async def waiting_run(client: AsyncClient) -> str:
    """Starts a run that waits for approval after its client has left."""
    async with aclosing(
        client.run("do it", plan=CHAIN, approval=Approval.REQUIRED, on_detach=OnDetach.CONTINUE)
    ) as events:
        async for event in events:
            if isinstance(event.payload, ApprovalAwaited):
                break
    return str(event.run)


async def test_a_program_approves_what_it_has_looked_at(client: AsyncClient, start_host: StartHost) -> None:
    """Given a program that edits the plan of each event that asks for it, the edited one is carried out."""
    gate = Gate()
    await start_host(gate=gate)
    seen = []
    async for event in client.run("do it", plan=CHAIN, approval=Approval.REQUIRED):
        seen.append(event)
        if isinstance(event.payload, ApprovalAwaited):
            with pytest.raises(InvalidArgumentError) as caught:
                await client.runs.approve(event.run, event.payload.plan.without("first"))
            assert (caught.value.metadata["task_id"], caught.value.reason) == ("second", "UNKNOWN_REFERENCE")
            edited = event.payload.plan.with_inputs("first", text="edited").without("third")
            run = await client.runs.approve(event.run, edited)
            assert run.state is RunState.RUNNING
            gate.open.set()
    assert {task_id: result.outputs["text"] for task_id, result in results(seen).items()} == {
        "first": "edited", "second": "edited",
    }  # fmt: skip


async def test_the_answer_has_the_plan_that_was_carried_out(
    client: AsyncClient, start_host: StartHost, address: str
) -> None:
    """Given a program that only asks, and somebody else who approves an edited plan, the answer tells that one."""
    await start_host()
    edited = CHAIN.without("third")
    asking = asyncio.create_task(client.ask("do it", plan=CHAIN, approval=Approval.REQUIRED, request_id="asked"))
    async with AsyncClient(address) as direct:
        # A second call with the same id joins the first one's run, whichever comes first.
        async for event in direct.run("do it", plan=CHAIN, approval=Approval.REQUIRED, request_id="asked"):
            if isinstance(event.payload, ApprovalAwaited):
                await direct.runs.approve(event.run, edited)
    answer = await asking
    assert answer.plan == edited
    assert [result.task_id for result in answer.results] == ["first", "second"]


@pytest.mark.parametrize("plan", [None, CHAIN.without("third")])
async def test_an_approval_whose_answer_was_lost_is_sent_again_and_heard_once(
    plan: Plan | None, client: AsyncClient, proxy: Proxy, start_host: StartHost, address: str
) -> None:
    host = await start_host()
    async with AsyncClient(address) as direct:
        run = await waiting_run(direct)
        await client.hosts.list()
        sent = proxy.bytes_down
        proxy.cut_when = lambda now: now.bytes_down > sent + 100  # The server's answer, never passed on.

        approved = await client.runs.approve(run, plan)

        log = await collect(direct.runs.watch(run))
    assert proxy.cuts == 1
    assert approved.name == run
    assert approved.state in (RunState.RUNNING, RunState.SUCCEEDED)
    assert [payload.plan for payload in payloads(log, PlanApproved)] == [plan]
    assert len(host.calls) == (3 if plan is None else 2)
    with pytest.raises(FailedPreconditionError) as again:
        await client.runs.approve(run, plan)
    assert again.value.reason == "NOT_AWAITING_APPROVAL"


async def test_a_run_that_waits_goes_on_after_a_break(client: AsyncClient, proxy: Proxy, start_host: StartHost) -> None:
    await start_host()
    seen = []
    async for event in client.run("do it", plan=CHAIN, approval=Approval.REQUIRED):
        seen.append(event)
        if isinstance(event.payload, ApprovalAwaited):
            proxy.cut()
            await client.runs.approve(event.run)
    assert [event.sequence for event in seen if event.sequence] == list(
        range(1, 1 + sum(bool(event.sequence) for event in seen))
    )
    assert len(payloads(seen, PlanApproved)) == 1
    assert len(results(seen)) == 3


async def test_a_plan_is_checked_before_it_runs_and_what_is_wrong_is_named(
    client: AsyncClient, start_host: StartHost
) -> None:
    """Given an edit that leaves a reference to nobody, task and field are named; the mended plan then runs."""
    host = await start_host()
    edited = CHAIN.without("first")
    with pytest.raises(InvalidArgumentError) as caught:
        await client.check_plan(edited)
    assert (caught.value.metadata["task_id"], caught.value.field) == ("second", "plan.tasks[0].inputs.text")
    mended = edited.with_inputs("second", text=ArtifactRef("attachments/1"))
    choices = await client.check_plan(mended, [b"two"])
    assert [(choice.task_id, choice.expert_id) for choice in choices] == [("second", "echo"), ("third", "echo")]
    assert host.calls == []
    done = results(await collect(client.execute(mended, [b"two"])))
    assert done["third"].outputs["text"] == "two"


async def test_a_plan_is_made_alone(make_client: MakeClient) -> None:
    with FakeController() as fake:
        fake.expect("Do it.", kind=RunKind.PLAN).answer(plan=CHAIN)
        async with make_client(fake.address) as client:
            assert await client.make_plan("Do it.") == CHAIN
