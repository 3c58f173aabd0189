"""The registry: who is listed, for how long, and what becomes of hosts that leave."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import grpc
import pytest

from orchestrion import AsyncClient
from orchestrion._net.transport import error_of
from orchestrion.errors import FailedPreconditionError
from orchestrion.experts import Host, HostState
from orchestrion.plans import Plan
from tests.rpc.controller.conftest import StartController, StartHost
from tests.rpc.controller.plans import collect, results, wait
from tests.rpc.controller.scripted_host import ScriptedHost, echo

ONE = Plan((wait("task"),))


async def test_hosts_and_experts_are_listed_with_what_they_reported(client: AsyncClient, start_host: StartHost) -> None:
    await start_host("one", echo=echo)
    await start_host("two", echo=echo, other=echo)

    hosts = await client.hosts.list()
    experts = await client.experts.list("test-delay")

    assert [(host.name, host.state) for host in hosts] == [
        ("hosts/one", HostState.READY),
        ("hosts/two", HostState.READY),
    ]
    assert [(listed.expert.id, [place.host for place in listed.placements]) for listed in experts] == [
        ("echo", ["hosts/one", "hosts/two"]),
        ("other", ["hosts/two"]),
    ]
    assert await client.experts.list("image-to-text") == ()


async def test_a_host_that_vanishes_gets_no_work_at_once_and_is_forgotten_when_its_lease_ends(
    start_controller: StartController,
) -> None:
    lost = {"host": "hosts/one"}
    controller = await start_controller(lease_ms=300)
    async with AsyncClient(f"127.0.0.1:{controller.grpc_port}") as client:
        host = ScriptedHost("one", client.address, {"echo": echo})
        await host.start()
        async with aclosing(client.hosts.watch()) as changes:
            assert isinstance(first := await anext(changes), Host)
            assert first.state is HostState.READY

            await host.disconnect()

            assert isinstance(second := await anext(changes), Host)
            assert second.state is HostState.DISCONNECTED
            with pytest.raises(FailedPreconditionError):
                await collect(client.execute(ONE))
            await anext(changes)  # The lease ended.
        ended = "orchestrion_controller_leases_ended_total"
        assert controller.metrics.registry.get_sample_value(ended, lost) == 1
        assert await client.hosts.list() == ()
        await host.stop()


async def test_a_second_host_of_the_same_name_is_refused_while_the_first_is_there(
    client: AsyncClient, start_host: StartHost
) -> None:
    await start_host("twin")

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await start_host("twin")

    assert caught.value.code() is grpc.StatusCode.ABORTED
    assert error_of(caught.value).reason == "HOST_REPLACED"


async def test_a_host_that_died_and_came_back_takes_its_place_at_once(
    client: AsyncClient, start_host: StartHost
) -> None:
    first = await start_host("phoenix")
    await first.stop()
    async with aclosing(client.hosts.watch()) as changes:
        async for change in changes:
            if isinstance(change, Host) and change.state is HostState.DISCONNECTED:
                break

    second = await start_host("phoenix")

    assert results(await collect(client.execute(ONE)))["task"].succeeded
    assert len(second.calls) == 1


async def test_a_task_whose_host_dies_moves_to_another_host(client: AsyncClient, start_host: StartHost) -> None:
    entered = asyncio.Event()

    async def hang(inputs: object) -> dict[str, str]:
        entered.set()
        await asyncio.Event().wait()
        return {}

    doomed = await start_host("a-doomed", echo=hang)
    await start_host("b-sound", echo=echo)
    running = asyncio.create_task(collect(client.execute(ONE)))
    await entered.wait()

    await doomed.stop()

    assert results(await running)["task"].succeeded


async def test_a_draining_host_gets_no_new_work(client: AsyncClient, start_host: StartHost) -> None:
    leaving = await start_host("a-leaving")
    staying = await start_host("b-staying")
    await leaving.report(draining=True)

    await collect(client.execute(ONE))

    assert (len(leaving.calls), len(staying.calls)) == (0, 1)
