"""A controller that is killed and comes back while clients watch; and private servers under asyncio."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

import orchestrion
from orchestrion import AsyncClient, Client, OnDetach, Plan, Task
from orchestrion.errors import UnavailableError
from orchestrion.events import Event, RunFinished, TaskStarted
from orchestrion.runs import RunState
from tests.rpc.client.both import CLIENTS
from tests.system.processes import Servers, kill, process_of, until_started

pytestmark = pytest.mark.faults

SLOW = Plan((Task("slow", "test-delay", {"text": "late", "delay_ms": 4_000}),))


@pytest.mark.parametrize("kind", list(CLIENTS))
async def test_events_come_once_when_the_controller_is_killed_and_comes_back(tmp_path: Path, kind: str) -> None:
    servers = Servers(tmp_path)
    controller = await asyncio.to_thread(servers.controller)
    port = int(controller.grpc_address.rsplit(":", 1)[1])
    try:
        await asyncio.to_thread(servers.host)
        async with CLIENTS[kind](controller.grpc_address) as client:
            seen: list[Event] = []
            events = client.run("wait", plan=SLOW)
            while not (seen and isinstance(seen[-1].payload, TaskStarted)):
                seen.append(await anext(events))
            await asyncio.to_thread(kill, process_of(controller))
            watching = asyncio.create_task(rest(events, seen))
            await asyncio.to_thread(servers.controller, port=port)
            await watching
            assert isinstance(seen[-1].payload, RunFinished)
            assert seen[-1].payload.state is RunState.SUCCEEDED
            assert [event.payload.attempt for event in seen if isinstance(event.payload, TaskStarted)] == [1, 1]
            log = [event async for event in client.runs.watch(seen[0].run)]
            assert [event for event in seen if event.sequence] == log
            assert len((await client.runs.list()).items) == 1
    finally:
        await asyncio.to_thread(servers.__exit__)


async def rest(events: Any, seen: list[Event]) -> None:
    """Takes what still comes, also when it ends with an error."""
    async for event in events:
        seen.append(event)


def test_a_watch_survives_a_controller_that_is_killed(tmp_path: Path) -> None:
    with Servers(tmp_path) as servers:
        controller = servers.controller()
        servers.host()
        port = int(controller.grpc_address.rsplit(":", 1)[1])
        with Client(controller.grpc_address) as client:
            run = until_started(client.run("wait", plan=SLOW, on_detach=OnDetach.CONTINUE))[0].run
            watch = client.runs.watch(run)
            first = next(watch)
            kill(process_of(controller))
            servers.controller(port=port)
            numbers = [first.sequence, *(event.sequence for event in watch if event.sequence)]
            assert numbers == list(range(1, len(numbers) + 1))
            assert client.runs.get(run).results[0].outputs == {"text": "late"}


async def test_private_servers_start_and_stop_beside_a_loop_that_goes_on() -> None:
    beats = 0

    async def heartbeat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.01)
            beats += 1

    beating = asyncio.create_task(heartbeat())
    async with orchestrion.async_embedded() as client:
        assert beats > 20
        assert [host.name for host in await client.hosts.list()] == ["hosts/embedded"]
        address = client.address
    beating.cancel()
    async with AsyncClient(address) as late:
        with pytest.raises(UnavailableError):
            await late.hosts.list()


async def test_a_start_that_is_cancelled_leaves_no_server(tmp_path: Path) -> None:
    logs: list[str] = []

    async def use() -> None:
        async with orchestrion.async_embedded(log=lambda server, line: logs.append(line)):
            raise AssertionError("it must be cancelled before")

    using = asyncio.create_task(use())
    await asyncio.sleep(0)
    using.cancel()
    with pytest.raises(asyncio.CancelledError):
        await using
