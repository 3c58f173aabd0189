"""Pieces that come close together, sent as one: a write costs more than most of what is written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

_INTERVAL_S: Final = 0.02
"""How soon one batch may follow another, in seconds; as the controller gathers pieces of text."""

_MAX_BYTES: Final = 64 * 1024
"""How much may wait to be taken, in bytes; then the source is read no further."""


async def batched(
    source: AsyncGenerator[bytes, None], interval_s: float = _INTERVAL_S, max_bytes: int = _MAX_BYTES
) -> AsyncGenerator[bytes, None]:
    """Yields what a source brings, in order: at once after a pause, else joined with what comes within the interval.

    Args:
        source: The pieces, none of them empty; closed in the end.
        interval_s: How soon one batch may follow another, in seconds; the last one waits for nothing.
        max_bytes: How much may wait to be taken, in bytes, the last piece of it apart.
    """
    batch = _Batch(interval_s, max_bytes)
    reading = asyncio.create_task(batch.read(source))
    try:
        while pieces := await batch.take():
            yield pieces
        await reading
    finally:
        # Where it has ended, what follows is not held up by a turn of the event loop.
        if not reading.done():
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


class _Batch:
    """What waits to be taken: one task puts in, another takes out."""

    def __init__(self, interval_s: float, max_bytes: int) -> None:
        self._interval_s, self._max_bytes = interval_s, max_bytes
        self._loop = asyncio.get_running_loop()
        self._pieces: list[bytes] = []
        self._size = 0
        self._due = 0.0
        self._ended = False
        self._changed, self._emptied = asyncio.Event(), asyncio.Event()

    async def read(self, source: AsyncGenerator[bytes, None]) -> None:
        """Puts in what a source brings, no faster than it is taken out."""
        try:
            async with aclosing(source):
                async for piece in source:
                    self._pieces.append(piece)
                    self._size += len(piece)
                    # Who waits for the interval need not hear of each further piece.
                    if len(self._pieces) == 1 or self._size >= self._max_bytes:
                        self._changed.set()
                    if self._size >= self._max_bytes:
                        self._emptied.clear()
                        await self._emptied.wait()
        finally:
            self._ended = True
            self._changed.set()

    async def take(self) -> bytes:
        """Takes the next batch when it is due; empty where the source has ended and all is taken."""
        while not (self._ended or self._size >= self._max_bytes or (self._pieces and self._loop.time() >= self._due)):
            self._changed.clear()
            timer = self._loop.call_at(self._due, self._changed.set) if self._pieces else None
            try:
                await self._changed.wait()
            finally:
                if timer is not None:
                    timer.cancel()
        taken = b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        self._due = self._loop.time() + self._interval_s
        self._emptied.set()
        return taken
