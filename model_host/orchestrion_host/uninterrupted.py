"""Work that is done to its end whatever becomes of the call that began it, and tasks that are ended."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def uninterrupted(work: Coroutine[Any, Any, T]) -> T:
    """Does work whose half would leave accounts wrong. Who is cancelled meanwhile learns of it when it is done."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        if not task.cancelled():
            # Looked at, whatever it is: nobody is left to be told.
            task.exception()
        raise cancelled
    return task.result()


async def ended(task: asyncio.Task[None]) -> None:
    """Cancels a task and waits until it has ended; who is cancelled in that wait is, whatever becomes of the task."""
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled() and (error := task.exception()) is not None:
        raise error
