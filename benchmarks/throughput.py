"""How many requests a second a server finishes while a number of clients keep it busy."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from functools import partial
from typing import Final

from benchmarks.processes import cpu_seconds
from benchmarks.statistic import Spread
from benchmarks.workload import CHAIN, check, fresh_text
from orchestrion import AsyncClient, Event
from orchestrion.events import TaskFinished

CLIENT_COUNTS: Final = (1, 8, 32)
_SETTLE_S: Final = 1.0
"""How long the clients already go before the clock starts, in seconds."""

Operation = Callable[[], Awaitable[None]]
"""Makes one request and waits for its end."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one number of clients got done. Each sends its next request when the last one has ended."""

    clients: int
    per_second: float
    latency: Spread
    cpu_ms: Mapping[str, float]
    """What one request took of the processors, in milliseconds, by process."""


async def measure(operations: Sequence[Operation], seconds: float) -> Load:
    """Lets every operation repeat itself, all at once, and counts those that ended within a time.

    Raises:
        BaseExceptionGroup: An operation failed.
    """
    times: list[float] = []

    async def repeat(operation: Operation) -> None:
        while True:
            started = time.perf_counter()
            await operation()
            times.append(time.perf_counter() - started)

    async with asyncio.TaskGroup() as group:
        going = [group.create_task(repeat(operation)) for operation in operations]
        await asyncio.sleep(min(_SETTLE_S, seconds))
        times.clear()
        started, used = time.perf_counter(), cpu_seconds()
        await asyncio.sleep(seconds)
        elapsed, used_then, counted = time.perf_counter() - started, cpu_seconds(), times.copy()
        for task in going:
            task.cancel()
    if not counted:
        raise RuntimeError(f"None of {len(operations)} clients got a request done within {seconds:g} s.")
    cost = {role: round((used_then[role] - used.get(role, 0.0)) * 1000 / len(counted), 2) for role in used_then}
    return Load(len(operations), round(len(counted) / elapsed, 1), Spread.of(counted), cost)


async def measure_executions(address: str, seconds: float) -> Sequence[Load]:
    """Measures `Execute` of a submitted chain of three tasks that take no time."""

    async def execute(client: AsyncClient) -> None:
        text = fresh_text()
        async with aclosing(client.execute(CHAIN.make(text, 0.0))) as events:
            await _drain(events, CHAIN.task_count, text)

    return await _measure_clients(address, execute, seconds)


async def measure_whole_runs(address: str, seconds: float) -> Sequence[Load]:
    """Measures `Run` with a language model that plans a chain of three tasks, and answers."""

    async def run(client: AsyncClient) -> None:
        async with aclosing(client.run(f"Pass on {fresh_text()}.", planner="llm", responder="llm")) as events:
            await _drain(events, CHAIN.task_count)

    return await _measure_clients(address, run, seconds)


async def _measure_clients(
    address: str, make_request: Callable[[AsyncClient], Awaitable[None]], seconds: float
) -> Sequence[Load]:
    loads = []
    for count in CLIENT_COUNTS:
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(AsyncClient(address)) for _ in range(count)]
            loads.append(await measure([partial(make_request, client) for client in clients], seconds))
    return loads


async def _drain(events: AsyncIterator[Event], task_count: int, text: str | None = None) -> None:
    """Reads a run to its end, and makes sure that its tasks did what they should."""
    finished = 0
    async for event in events:
        check(event, text)
        finished += isinstance(event.payload, TaskFinished)
    if finished != task_count:
        raise RuntimeError(f"A run ended after {finished} of {task_count} tasks.")
