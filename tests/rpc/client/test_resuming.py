"""Connections that break while a run is watched: every numbered event exactly once, and no run twice."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing

import pytest

from orchestrion import AsyncClient, OnDetach, Plan
from orchestrion.errors import NotFoundError, OrchestrionError, RunCancelledError, UnavailableError
from orchestrion.events import Event, RunFinished, RunStarted, TaskStarted
from orchestrion.experts import Host, HostState
from tests.rpc.client.both import MakeClient
from tests.rpc.client.proxy import Proxy
from tests.rpc.controller.conftest import StartController, StartHost
from tests.rpc.controller.plans import CHAIN, collect, wait
from tests.rpc.controller.scripted_host import Gate, ScriptedHost

ONE = Plan((wait("only"),))


def numbers(events: list[Event]) -> list[int]:
    return [event.sequence for event in events if event.sequence]


async def test_events_come_exactly_once_over_three_connections(
    client: AsyncClient, proxy: Proxy, start_host: StartHost, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    gate = Gate()
    host = await start_host(gate=gate)
    caplog.set_level(logging.INFO, "orchestrion")
    seen: list[Event] = []

    async for event in client.run("do it", plan=CHAIN):
        seen.append(event)
        if isinstance(event.payload, RunStarted | TaskStarted) and proxy.cuts < 2:
            proxy.cuts += 1
            proxy.cut()
        if proxy.cuts == 2:
            gate.open.set()

    async with AsyncClient(address) as direct:
        log = await collect(direct.runs.watch(seen[0].run))
    assert [event for event in seen if event.sequence] == log
    assert numbers(seen) == list(range(1, len(log) + 1))
    assert isinstance(seen[-1].payload, RunFinished)
    assert len(host.calls) == 3
    levels = {record.levelname for record in caplog.records if record.name.startswith("orchestrion._net.retries")}
    assert levels == {"WARNING", "INFO"}
    assert "broke off" in caplog.text


async def test_a_run_whose_connection_breaks_before_its_first_event_is_started_once(
    client: AsyncClient, proxy: Proxy, start_host: StartHost, address: str
) -> None:
    host = await start_host()
    await client.hosts.list()
    sent = proxy.bytes_down
    proxy.cut_when = lambda now: now.bytes_down > sent + 100  # The server's first event, never passed on.

    answer = await client.ask("do it", plan=ONE)

    assert proxy.cuts == 1
    result = answer.result("only")
    assert result is not None
    assert result.succeeded
    async with AsyncClient(address) as direct:
        assert [run.name for run in (await direct.runs.list()).items] == [answer.run]
    assert len(host.calls) == 1


async def test_a_run_that_was_cancelled_during_a_break_raises_that(
    client: AsyncClient, proxy: Proxy, start_host: StartHost, address: str
) -> None:
    await start_host(gate=Gate())
    events = client.run("do it", plan=ONE)
    run = (await anext(events)).run
    proxy.refusing = True
    proxy.cut()
    async with AsyncClient(address) as direct:
        await direct.runs.cancel(run)
    proxy.refusing = False
    with pytest.raises(RunCancelledError) as caught:
        await collect(events)
    assert caught.value.reason == "CANCELLED"


async def test_leaving_the_loop_after_a_break_cancels_the_run(
    client: AsyncClient, proxy: Proxy, start_host: StartHost, address: str
) -> None:
    host = await start_host(gate=Gate())
    async with aclosing(client.run("do it", plan=ONE, detach_grace_ms=1)) as events:
        async for event in events:
            if isinstance(event.payload, TaskStarted):
                break
    async with asyncio.timeout(20):
        await host.cancelled.wait()


async def test_a_watched_run_goes_on_after_a_break(client: AsyncClient, proxy: Proxy, start_host: StartHost) -> None:
    gate = Gate()
    await start_host(gate=gate)
    async with aclosing(client.run("do it", plan=ONE, on_detach=OnDetach.CONTINUE)) as events:
        run = (await anext(events)).run
    seen = []
    async for event in client.runs.watch(run, after_sequence=1):
        seen.append(event)
        if len(seen) == 1:
            proxy.cut()
            gate.open.set()
    assert numbers(seen) == list(range(2, 2 + len(numbers(seen))))
    assert isinstance(seen[-1].payload, RunFinished)


async def test_a_controller_that_stays_away_is_given_up_after_the_window(
    make_client: MakeClient, proxy: Proxy, start_host: StartHost
) -> None:
    await start_host(gate=Gate())
    async with make_client(proxy.address, reconnect=0.5) as client:
        events = client.run("do it", plan=ONE)
        await anext(events)
        proxy.refusing = True
        proxy.cut()
        with pytest.raises(UnavailableError) as caught:
            await collect(events)
    assert caught.value.reason == "SERVER_UNREACHABLE"
    assert "was tried" in caught.value.__notes__[0]
    assert proxy.connection_count < 12


@pytest.mark.parametrize("refusing", [True, False])
async def test_closing_the_client_ends_what_waits_in_it(
    make_client: MakeClient, proxy: Proxy, start_host: StartHost, refusing: bool
) -> None:
    await start_host(gate=Gate())
    async with make_client(proxy.address) as client:
        events = client.run("do it", plan=ONE)
        await anext(events)
        waiting = asyncio.create_task(collect(events))
        if refusing:
            proxy.refusing = True
            proxy.cut()
            await proxy.refused.wait()
    with pytest.raises(RunCancelledError):
        await waiting


async def test_the_timeout_bounds_the_attempts(make_client: MakeClient, proxy: Proxy, start_host: StartHost) -> None:
    await start_host(gate=Gate())
    async with make_client(proxy.address) as client:
        events = client.run("do it", plan=ONE, timeout=1)
        await anext(events)
        proxy.refusing = True
        proxy.cut()
        with pytest.raises(OrchestrionError) as caught:
            await collect(events)
    assert caught.value.reason in {"SERVER_UNREACHABLE", "DEADLINE_EXCEEDED"}


async def test_reconnect_0_never_tries_again(make_client: MakeClient, proxy: Proxy, start_host: StartHost) -> None:
    await start_host(gate=Gate())
    async with make_client(proxy.address, reconnect=0) as client:
        events = client.run("do it", plan=ONE)
        await anext(events)
        proxy.cut()
        with pytest.raises(UnavailableError, match="broke off"):
            await collect(events)
    assert proxy.connection_count == 1


async def test_a_run_that_was_deleted_meanwhile_is_not_found(
    client: AsyncClient, proxy: Proxy, start_host: StartHost, address: str
) -> None:
    gate = Gate()
    await start_host(gate=gate)
    events = client.run("do it", plan=ONE)
    run = (await anext(events)).run
    proxy.refusing = True
    proxy.cut()
    async with AsyncClient(address) as direct:
        await direct.runs.cancel(run)
        await direct.runs.delete(run)
    proxy.refusing = False
    with pytest.raises(NotFoundError) as caught:
        await collect(events)
    assert caught.value.reason == "RUN_NOT_FOUND"


async def test_hosts_that_left_during_a_break_are_told_as_removed(
    client: AsyncClient, proxy: Proxy, start_controller: StartController, start_host: StartHost
) -> None:
    await start_host("one")
    two = await start_host("two")
    changes = client.hosts.watch()
    first = {(await anext(changes)).name for _ in range(2)}
    proxy.refusing = True
    proxy.cut()
    await two.report(draining=True)
    proxy.refusing = False
    change = await anext(changes)
    assert first == {"hosts/one", "hosts/two"}
    assert isinstance(change, Host)
    assert (change.name, change.state) == ("hosts/two", HostState.DRAINING)
    await changes.aclose()


async def test_a_full_controller_is_waited_for_only_when_asked(
    make_client: MakeClient, start_controller: StartController
) -> None:
    controller = await start_controller(max_running_runs=1)
    address = f"127.0.0.1:{controller.grpc_port}"
    gate = Gate()
    host = ScriptedHost("one", address, {"gate": gate})
    await host.start()
    async with make_client(address) as hasty, make_client(address, wait_when_full=True) as patient:
        first = asyncio.create_task(hasty.ask("do it", plan=ONE))
        await gate.entered.wait()
        with pytest.raises(OrchestrionError) as caught:
            await hasty.ask("do it", plan=ONE)
        assert caught.value.reason == "TOO_MANY_RUNS"
        with pytest.raises(OrchestrionError) as late:
            await patient.ask("do it", plan=ONE, timeout=0.5)
        assert late.value.reason == "TOO_MANY_RUNS"
        second = asyncio.create_task(patient.ask("do it", plan=ONE))
        gate.open.set()
        assert (await first).run != (await second).run
    await host.stop()
