"""A platform that is offered three times what it can do: each call succeeds or hears when to come back, fairly."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from orchestrion import AsyncClient
from orchestrion.callers import acting_for
from orchestrion.errors import OrchestrionError, ResourceExhaustedError
from orchestrion.plans import Plan
from tests.rpc.controller.plans import wait
from tests.system.processes import Servers, metric

SECONDS = 60 if os.environ.get("LONG") else 20
DELAY_MS = 1_000
INSTANCES = 32
"""How many calls the test expert computes at once; together they do so many runs a second."""
TIMES = 3
OTHER_EACH_S = 0.5
PLAN = Plan((wait("it", delay_ms=DELAY_MS),))


@dataclass
class Outcomes:
    """What became of the calls of one caller."""

    ends: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    """Of the runs that succeeded."""
    wrong: list[str] = field(default_factory=list)
    """What should never come."""

    async def call(self, client: AsyncClient) -> None:
        """Asks for one run, and notes how it ended."""
        started = time.perf_counter()
        try:
            await client.ask("do it", plan=PLAN)
        except ResourceExhaustedError as error:
            self.ends[error.reason] += 1
            if not error.retry_after_ms or not error.metadata.get("setting"):
                self.wrong.append(f"no advice: {error}")
        except OrchestrionError as error:
            self.wrong.append(f"{error.reason}: {error}")
        else:
            self.ends["succeeded"] += 1
            self.seconds.append(time.perf_counter() - started)


@pytest.mark.faults
@pytest.mark.timeout(300)
async def test_three_times_what_can_be_done_is_done_or_refused_with_advice(tmp_path: Path) -> None:
    crowd, other, idle = Outcomes(), Outcomes(), Outcomes()
    with Servers(tmp_path) as servers:
        controller = await asyncio.to_thread(servers.controller)
        await asyncio.to_thread(servers.host)
        async with AsyncClient(controller.grpc_address) as client, AsyncClient(controller.grpc_address) as second:
            for _ in range(3):
                await idle.call(second)
            crowd_rate = TIMES * INSTANCES * 1_000 / DELAY_MS
            await asyncio.gather(
                offer(crowd, client, "crowd", 1 / crowd_rate),
                offer(other, second, "other", OTHER_EACH_S),
            )
        taken = await asyncio.to_thread(metric, controller, "orchestrion_controller_runs_started_total")
        refused = await asyncio.to_thread(metric, controller, "orchestrion_controller_runs_rejected_total")
    usual, busy = statistics.median(idle.seconds), statistics.median(other.seconds)
    print(f"crowd: {dict(crowd.ends)}, median {statistics.median(crowd.seconds):.2f} s; other: {dict(other.ends)}, ")
    print(f"median {busy:.2f} s, idle {usual:.2f} s; the controller took {taken:g} and refused {refused:g}")
    assert crowd.wrong + other.wrong + idle.wrong == []
    assert set(crowd.ends) == {"succeeded", "TOO_MANY_RUNS"}
    assert set(other.ends) == {"succeeded"}
    assert busy < 3 * usual
    ends = crowd.ends + other.ends + idle.ends
    assert (taken, refused) == (ends["succeeded"], ends["TOO_MANY_RUNS"])


async def offer(outcomes: Outcomes, client: AsyncClient, caller: str, each_s: float) -> None:
    """Asks for a run each so many seconds, whatever becomes of those before, and waits for the end of all."""
    loop = asyncio.get_running_loop()
    started, calls = loop.time(), []
    with acting_for(caller):
        for number in range(round(SECONDS / each_s)):
            await asyncio.sleep(started + number * each_s - loop.time())
            calls.append(asyncio.create_task(outcomes.call(client)))
        await asyncio.gather(*calls)
