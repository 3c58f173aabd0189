"""Which runs begin where more are asked for than can go on: so many, of so many bytes, fairly between callers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager

import pytest

from orchestrion import AsyncClient
from orchestrion.callers import acting_for
from orchestrion.errors import ResourceExhaustedError
from orchestrion.plans import Plan
from orchestrion_controller.server import Controller
from tests.rpc.controller.conftest import StartController
from tests.rpc.controller.plans import after, collect, wait
from tests.rpc.controller.scripted_host import Gate, ScriptedHost

ONE = Plan((wait("one"),))


@asynccontextmanager
async def closed_host(controller: Controller) -> AsyncIterator[tuple[AsyncClient, Gate]]:
    """A client, and a host whose calls wait at a gate."""
    gate = Gate()
    async with AsyncClient(f"127.0.0.1:{controller.grpc_port}") as client:
        host = ScriptedHost("one", client.address, {"gate": gate})
        await host.start()
        try:
            yield client, gate
        finally:
            await host.stop()


async def begun(stack: AsyncExitStack, client: AsyncClient, caller: str, plan: Plan = ONE) -> str:
    """Starts a run that goes on until the stack is left."""
    with acting_for(caller):
        events = await stack.enter_async_context(aclosing(client.run("do it", plan=plan, detach_grace_ms=0)))
        return (await anext(events)).run


async def test_one_caller_cannot_take_the_room_of_all(start_controller: StartController) -> None:
    controller = await start_controller(max_running_runs=4)
    async with closed_host(controller) as (client, gate), AsyncExitStack() as stack:
        for _ in range(3):
            await begun(stack, client, "alice")
        with pytest.raises(ResourceExhaustedError, match="3 runs of yours are going on") as caught:
            await begun(stack, client, "alice")
        assert (caught.value.reason, caught.value.retry_after_ms) == ("TOO_MANY_RUNS", 1_000)
        assert caught.value.metadata == {"setting": "max_running_runs"}
        await begun(stack, client, "bob")
        with pytest.raises(ResourceExhaustedError, match="4 runs are going on, and max_running_runs allows 4"):
            await begun(stack, client, "carol")
        gate.open.set()
        async with AsyncClient(client.address, wait_when_full=True) as patient:
            with acting_for("alice"):
                assert (await patient.ask("do it", plan=ONE, timeout=30)).text


async def test_stage_calls_count_as_runs_do(start_controller: StartController) -> None:
    controller = await start_controller(max_running_runs=1)
    async with closed_host(controller) as (client, _), AsyncExitStack() as stack:
        await begun(stack, client, "alice")
        for call in (client.plan("do it"), client.execute(ONE), client.select(ONE)):
            with pytest.raises(ResourceExhaustedError, match="max_running_runs allows 1"):
                await collect(call)


async def test_requests_of_runs_take_no_more_bytes_than_allowed(start_controller: StartController) -> None:
    controller = await start_controller(max_running_bytes=8 << 20)
    long = Plan((wait("one", "x" * 3_000_000),))
    async with closed_host(controller) as (client, _), AsyncExitStack() as stack:
        for caller in ("alice", "bob"):
            await begun(stack, client, caller, long)
        with pytest.raises(ResourceExhaustedError, match=r"bytes of requests are going on") as caught:
            await begun(stack, client, "carol", long)
        assert caught.value.metadata == {"setting": "max_running_bytes"}
        await begun(stack, client, "carol")


async def test_a_call_that_comes_again_joins_its_run_however_full_the_controller_is(
    start_controller: StartController,
) -> None:
    controller = await start_controller(max_running_runs=1)
    async with closed_host(controller) as (client, gate):
        async with aclosing(client.run("do it", plan=ONE, request_id="once")) as events:
            run = (await anext(events)).run
            async with aclosing(client.run("do it", plan=ONE, request_id="once")) as again:
                assert (await anext(again)).run == run
                gate.open.set()
                assert {event.run async for event in again} == {run}
        assert [event.run async for event in client.runs.watch(run)]


async def test_a_request_counts_for_as_long_as_its_call_is_read(start_controller: StartController) -> None:
    controller = await start_controller(max_running_bytes=8 << 20)
    # Its events are more than a connection holds for a reader that stands still.
    long = Plan((wait("one", "x" * 3_000_000), wait("two", after("one"))))
    async with closed_host(controller) as (client, gate), AsyncExitStack() as stack:
        gate.open.set()
        for caller in ("alice", "bob"):
            assert (await client.runs.get(await begun(stack, client, caller, long))).name
        with pytest.raises(ResourceExhaustedError, match="max_running_bytes"):
            await begun(stack, client, "carol", long)
        await stack.aclose()
        async with AsyncClient(client.address, wait_when_full=True) as patient:
            assert await collect(patient.run("do it", plan=long, timeout=30))
