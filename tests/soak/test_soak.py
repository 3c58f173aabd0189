"""A fixed load with faults, for minutes: at its end the processes hold what they held after its beginning."""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from random import Random

import grpc
import httpx2
import pytest

from orchestrion import AsyncClient
from orchestrion._net.transport import channel_options
from orchestrion._processes.supervision import Child
from orchestrion.runs import RunState
from tests.soak.holdings import Holdings, held_by, table
from tests.soak.load import Load
from tests.system.processes import Servers, kill, metric, process_of

SECONDS = float(os.environ.get("SOAK_SECONDS") or (1_200 if os.environ.get("LONG") else 100))
WARM_UP_SECONDS = SECONDS * 0.4
"""What is read once and kept, caches and pools of threads, is there after it."""
A_SECOND = 12
"""How many requests begin in a second, whatever has become of those before."""
BURST = 150
"""How many requests come at once, before all others."""
FAULT_EVERY_SECONDS = 20.0
"""How often a host is killed with -9, and started again."""


@pytest.mark.soak
@pytest.mark.timeout(1_800)
async def test_nothing_grows_and_no_event_is_lost(tmp_path: Path) -> None:
    random = Random(18)
    async with AsyncExitStack() as stack:
        servers = stack.enter_context(Servers(tmp_path))
        controller = servers.controller()
        steady = {
            "controller": controller,
            "host one": servers.host("--preload", "delay"),
            "gateway": servers.gateway(),
        }
        second = servers.host("--preload", "delay", name="two")
        client = await stack.enter_async_context(AsyncClient(controller.grpc_address, reconnect=30))
        base = f"http://{steady['gateway'].http_address.removeprefix('http://')}"
        http = await stack.enter_async_context(httpx2.AsyncClient(base_url=base, trust_env=False))
        channel = grpc.aio.insecure_channel(controller.grpc_address, channel_options())
        load = Load(client, http, channel, random)

        # Pools of threads and of connections to the database fill when calls come together: once, up to their bounds.
        await asyncio.gather(*(load.one() for _ in range(BURST)))
        second, faults = await under_load(load, servers, second, WARM_UP_SECONDS)
        before = await at_rest(client, steady)
        second, more = await under_load(load, servers, second, SECONDS - WARM_UP_SECONDS)
        after = await at_rest(client, steady)
        await channel.close()

        print(f"\n{sum(load.ended.values())} requests, {load.events} events seen, a host killed {faults + more} times")
        for ended, count in sorted(load.ended.items()):
            print(f"{count:6} {ended}")
        print(table(before, after))
        print("\n".join(load.wrong[:20]))
        assert load.wrong == []
        assert before.keys() == after.keys()
        assert {name: held.grown(after[name]) for name, held in before.items() if held.grown(after[name])} == {}
        assert "Traceback" not in (tmp_path / "servers.log").read_text()


async def under_load(load: Load, servers: Servers, second: Child, seconds: float) -> tuple[Child, int]:
    """Asks for work at a fixed rate, and kills the second host now and then; returns it and how often."""
    begin = time.monotonic()
    due = begin + FAULT_EVERY_SECONDS / 2
    kills = 0
    async with asyncio.TaskGroup() as requests:
        for number in itertools.count():
            await asyncio.sleep(max(0.0, begin + number / A_SECOND - time.monotonic()))
            if time.monotonic() >= begin + seconds:
                return second, kills
            requests.create_task(load.one())
            if time.monotonic() >= due:
                due += FAULT_EVERY_SECONDS
                kills += 1
                await asyncio.to_thread(kill, process_of(second))
                second = await asyncio.to_thread(servers.host, "--preload", "delay", name="two")
    raise AssertionError("a count has no end")


async def at_rest(client: AsyncClient, servers: dict[str, Child]) -> dict[str, Holdings]:
    """Waits until no run goes on and no call is open, and looks at what the servers hold."""
    async with asyncio.timeout(60):
        while any(run.state is RunState.RUNNING for run in (await client.runs.list(50)).items):  # noqa: ASYNC110
            await asyncio.sleep(0.5)
        busy = partial(metric, servers["host one"], "orchestrion_host_running", expert="delay")
        while await asyncio.to_thread(busy):  # noqa: ASYNC110
            await asyncio.sleep(0.5)
    await asyncio.sleep(12)  # Connections that are not used any more are closed, and a lease that ended is told.
    return await asyncio.to_thread(held_by, servers)
