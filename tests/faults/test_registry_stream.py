"""The stream by which a host is listed, cut again and again: the host comes back by itself, and its calls go on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from orchestrion import AsyncClient
from orchestrion.events import AttemptFailed, TaskStarted
from orchestrion.experts import Host, HostState
from orchestrion.plans import Plan
from tests.rpc.client.proxy import Proxy
from tests.rpc.controller.plans import payloads, results, wait
from tests.system.processes import Servers, metric

CUTS = 5
SLOW = Plan((wait("task", delay_ms=4_000),))


async def until_state(client: AsyncClient, state: HostState) -> None:
    async with asyncio.timeout(20):
        async for change in client.hosts.watch():
            if isinstance(change, Host) and change.state is state:
                return


@pytest.mark.faults
async def test_a_host_whose_stream_is_cut_is_listed_again_and_its_calls_go_on(tmp_path: Path) -> None:
    with Servers(tmp_path) as servers:
        controller = await asyncio.to_thread(servers.controller)
        async with Proxy(int(controller.grpc_address.rsplit(":", 1)[1])) as between:
            host = await asyncio.to_thread(servers.host, "--controller", between.address)
            async with AsyncClient(controller.grpc_address) as client:
                events = client.run("do it", plan=SLOW)
                seen = [await anext(events)]
                while not isinstance(seen[-1].payload, TaskStarted):
                    seen.append(await anext(events))
                for _ in range(CUTS):
                    connections = between.connection_count
                    between.cut()
                    async with asyncio.timeout(20):
                        while between.connection_count == connections:  # noqa: ASYNC110 - the proxy has no event.
                            await asyncio.sleep(0.02)
                    await until_state(client, HostState.READY)
                seen += [event async for event in events]

                assert payloads(seen, AttemptFailed) == []
                assert results(seen)["task"].succeeded
                assert (await client.ask("again", plan=Plan((wait("task"),)))).results[0].succeeded
        assert await asyncio.to_thread(metric, controller, "orchestrion_controller_leases_ended_total") == 0
        assert await asyncio.to_thread(metric, host, "orchestrion_host_worker_restarts_total") == 0
