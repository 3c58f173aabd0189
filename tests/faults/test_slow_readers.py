"""Clients that stop reading the events of runs: the controller keeps no logs for them, and they lose nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from orchestrion import AsyncClient
from orchestrion.events import Event, RunFinished
from orchestrion.plans import Plan
from tests.rpc.controller.plans import after, wait
from tests.system.processes import Servers, eventually, metric, process_of

READERS = 16
READING = 4
"""How many of them read on in the end; the others leave."""
TASKS = 32
TEXT_BYTES = 300_000
LOG_BYTES = TASKS * TEXT_BYTES
"""What a run's log has at least: the text in each result."""
PLAN = Plan((wait("0", "x" * TEXT_BYTES), *(wait(str(number), after("0")) for number in range(1, TASKS))))


@pytest.mark.faults
@pytest.mark.timeout(300)
async def test_readers_that_stand_still_do_not_keep_logs_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So that what is freed leaves the process: what is in use is to be measured, not what the allocator keeps.
    monkeypatch.setenv("MALLOC_ARENA_MAX", "1")
    monkeypatch.setenv("MALLOC_MMAP_THRESHOLD_", "65536")
    with Servers(tmp_path) as servers:
        controller = await asyncio.to_thread(servers.controller)
        await asyncio.to_thread(servers.host)
        process = process_of(controller)
        async with AsyncClient(controller.grpc_address) as client, AsyncClient(controller.grpc_address) as slow:
            streams = []
            for _ in range(READERS):
                streams.append(slow.execute(PLAN))
                first = await anext(streams[-1])
                assert isinstance([event async for event in client.runs.watch(first.run)][-1].payload, RunFinished)
            await asyncio.sleep(1.5)  # A reader has a second after the end of its run before it counts as slow.
            before, leaving = process.memory_info().rss, streams[READING:]
            for events in leaving:
                await events.aclose()
            await asyncio.to_thread(eventually, lambda: metric(controller, "orchestrion_controller_readers") == READING)
            held = before - process.memory_info().rss
            print(f"{len(leaving)} readers stood before {len(leaving) * LOG_BYTES >> 20} MiB and held {held >> 20} MiB")
            # gRPC keeps the request of an open call, and the event that it would write, each as bytes and as a message.
            assert held < len(leaving) * LOG_BYTES / 3
            for events in streams[:READING]:
                assert_whole([event async for event in events])


def assert_whole(rest: list[Event]) -> None:
    """Sees that what follows the first event has every number once."""
    numbers = [event.sequence for event in rest if event.sequence]
    assert numbers == list(range(2, numbers[-1] + 1))
