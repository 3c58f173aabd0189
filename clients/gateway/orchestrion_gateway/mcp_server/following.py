"""Runs that tools start: followed to their end, and cancelled at once where nobody waits for them any more."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Final

import anyio

from orchestrion import AsyncClient, Event, RunSnapshot
from orchestrion.snapshots import apply
from orchestrion_gateway.mcp_server.progress import ProgressReport, Report
from orchestrion_gateway.watching import watched

GONE: Final = "orchestrion.gone"
"""In the scope of an HTTP request: the asyncio.Event that is set when its response has ended, whoever ended it."""


async def followed(client: AsyncClient, events: AsyncGenerator[Event, None], report: Report) -> RunSnapshot:
    """Follows a run to the end of its events, and returns it as it is then.

    Args:
        client: The client of the controller.
        events: The events of the run, which are closed.
        report: Takes its progress.

    Raises:
        OrchestrionError: The run failed.
    """
    run, progress = RunSnapshot(), ProgressReport(report)
    async with aclosing(watched(client, events)) as watching:
        async for event in watching:
            run = apply(run, event)
            await progress.show(run, event)
    return run


async def unless_gone(gone: Callable[[], Awaitable[object]] | None, work: Callable[[], Awaitable[None]]) -> None:
    """Does work, and cancels it where whoever wanted it has gone.

    Args:
        gone: Returns when they have; None where that shows in another way.
        work: The work.
    """
    if gone is None:
        await work()
        return

    async def watch() -> None:
        await gone()
        group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        group.start_soon(watch)
        await work()
        group.cancel_scope.cancel()
