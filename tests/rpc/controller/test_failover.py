"""Hosts that hold calls and answer no more: their calls move on, and the events tell why."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress

import pytest

from orchestrion import AsyncClient
from orchestrion.errors import OrchestrionError
from orchestrion.events import AttemptFailed, TaskStarted
from orchestrion.experts import Assignment, Candidate, ExpertState
from orchestrion.plans import Plan
from tests.rpc.controller.conftest import StartController
from tests.rpc.controller.plans import CHAIN, collect, payloads, results, wait
from tests.rpc.controller.scripted_host import Behaviour, Gate, ScriptedHost, echo

LEASE_MS = 300
ONE = Plan((wait("task"),))
StartReporting = Callable[..., Awaitable[ScriptedHost]]


@pytest.fixture
async def client(start_controller: StartController) -> AsyncIterator[AsyncClient]:
    controller = await start_controller(lease_ms=LEASE_MS, attempt_silence_s=0.2)
    async with AsyncClient(f"127.0.0.1:{controller.grpc_port}") as client:
        yield client


@pytest.fixture
async def start_host(client: AsyncClient) -> AsyncIterator[StartReporting]:
    """Starts hosts that report at every third of the lease, until an event says that their process is stopped."""
    async with AsyncExitStack() as stack:

        async def start(name: str, behaviour: Behaviour, stopped: asyncio.Event | None = None) -> ScriptedHost:
            host = ScriptedHost(name, client.address, {"echo": behaviour})
            await host.start()
            stack.push_async_callback(host.stop)
            reporting = asyncio.create_task(_report_on(host, stopped or asyncio.Event()))

            async def end() -> None:
                reporting.cancel()
                with suppress(asyncio.CancelledError):
                    await reporting

            stack.push_async_callback(end)
            return host

        yield start


async def _report_on(host: ScriptedHost, stopped: asyncio.Event) -> None:
    while not stopped.is_set():
        await asyncio.sleep(LEASE_MS / 3000)
        await host.report()


async def test_a_call_leaves_a_host_whose_lease_ends_though_its_connection_stands(
    client: AsyncClient, start_host: StartReporting
) -> None:
    stopped, sound = Gate(), await start_host("b-sound", echo)
    host = await start_host("a-stopped", stopped, stopped.entered)

    events = await collect(client.execute(ONE))

    assert results(events)["task"].succeeded
    assert [(payload.host, payload.attempt) for payload in payloads(events, TaskStarted)] == [
        ("hosts/a-stopped", 1),
        ("hosts/b-sound", 2),
    ]
    failure = payloads(events, AttemptFailed)[0]
    assert (failure.error.reason, failure.retried) == ("HOST_UNREACHABLE", True)
    assert "longer than its lease" in failure.error.message
    assert (len(host.calls), len(sound.calls)) == (1, 1)
    await asyncio.wait_for(host.cancelled.wait(), 5)  # Whoever is back finds that nobody waits any more.


async def test_the_last_host_whose_lease_ends_fails_its_calls_by_name_and_serves_again_once_it_is_back(
    client: AsyncClient, start_host: StartReporting
) -> None:
    stopped = Gate()
    host = await start_host("only", stopped, stopped.entered)

    ended = results(await collect(client.execute(ONE)))["task"]

    assert ended.error is not None
    assert ended.error.reason == "HOST_UNREACHABLE"
    assert "hosts/only" in ended.error.message

    stopped.open.set()
    await host.report()
    assert results(await collect(client.execute(ONE)))["task"].succeeded


async def test_a_call_that_is_silent_for_far_longer_than_its_like_moves_to_another_host(
    client: AsyncClient, start_host: StartReporting
) -> None:
    hanging = Gate()
    hanging.open.set()
    host = await start_host("a-hanging", hanging)
    await start_host("b-sound", echo)
    on_a = (Assignment("task", host.name, "echo", candidates=(Candidate(host.name, "echo"),)),)
    await collect(client.execute(ONE, assignments=on_a))  # Now there is a call to measure others by.
    hanging.open.clear()

    either = (Candidate(host.name, "echo"), Candidate("hosts/b-sound", "echo"))
    events = await collect(client.execute(ONE, assignments=(Assignment("task", host.name, "echo", candidates=either),)))

    assert results(events)["task"].succeeded
    assert [payload.host for payload in payloads(events, TaskStarted)] == [host.name, "hosts/b-sound"]
    assert [payload.error.reason for payload in payloads(events, AttemptFailed)] == ["ATTEMPT_STALLED"]
    await asyncio.wait_for(host.cancelled.wait(), 5)


async def test_a_call_that_nobody_else_could_do_is_waited_for(client: AsyncClient, start_host: StartReporting) -> None:
    slow = Gate()
    slow.open.set()
    await start_host("only", slow)
    await collect(client.execute(ONE))
    slow.open.clear()
    slow.entered.clear()

    running = asyncio.create_task(collect(client.execute(ONE)))
    await slow.entered.wait()
    await asyncio.sleep(0.5)  # Longer than an attempt may be silent where another could do it.
    slow.open.set()

    events = await running
    assert results(events)["task"].succeeded
    assert payloads(events, AttemptFailed) == []


async def test_a_controller_stops_though_a_host_answers_no_reservation(start_controller: StartController) -> None:
    controller = await start_controller()
    gate = Gate()
    host = ScriptedHost("one", f"127.0.0.1:{controller.grpc_port}", {"echo": gate})
    host.state = ExpertState.LOADABLE
    host.answers_reservations.clear()
    await host.start()
    async with AsyncClient(f"127.0.0.1:{controller.grpc_port}", reconnect=0) as client:
        running = asyncio.create_task(collect(client.execute(CHAIN)))
        await gate.entered.wait()
        await asyncio.wait_for(controller.stop(), 20)
        with pytest.raises(OrchestrionError):
            await running
    assert host.reserved
    await host.stop()
