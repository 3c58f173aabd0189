"""Runs on behalf of a call: watched to their end, and cancelled at once when the call is given up."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Final

import anyio

from orchestrion import AsyncClient, Event, OrchestrionError
from orchestrion.events import RunFinished

_CANCEL_S: Final = 10.0
"""How long cancelling a run may take, in seconds; where it takes longer, the run ends after its grace."""


async def watched(client: AsyncClient, events: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
    """Yields the events of a run; closed before its end, it cancels the run instead of leaving it to its grace.

    The grace stays, so that a connection to the controller that breaks does not end the run.

    Args:
        client: The client of the controller.
        events: The events, from the first one on.

    Raises:
        OrchestrionError: The run failed, and why.
    """
    over = False
    # The name of the run comes with its first event: who leaves before that is waited for until then, too.
    beginning = asyncio.create_task(_next(events))
    try:
        event = await asyncio.shield(beginning)
        while event is not None:
            over = isinstance(event.payload, RunFinished)
            yield event
            event = await _next(events)
        over = True
    except OrchestrionError:
        over = True
        raise
    finally:
        if not over:
            # Shielded, since a scope that is cancelled would cancel this, too.
            with anyio.move_on_after(_CANCEL_S, shield=True):
                await _cancel(client, beginning)
        await events.aclose()


async def _cancel(client: AsyncClient, beginning: asyncio.Task[Event | None]) -> None:
    with contextlib.suppress(OrchestrionError):
        first = await beginning
        if first is not None:
            await client.runs.cancel(first.run)


async def _next(events: AsyncGenerator[Event, None]) -> Event | None:
    return await anext(events, None)
