"""Wakes whoever waits for something to change: the advertiser for the host's state, loads for room."""

from __future__ import annotations

import asyncio


class Changes:
    """Counts changes and lets coroutines wait for the next one. Nothing is polled."""

    def __init__(self, *, also: Changes | None = None) -> None:
        """Starts with no change.

        Args:
            also: Others to tell of each change as well.
        """
        self._also = also
        self._waiters: list[asyncio.Future[None]] = []
        self.count = 0

    def notify(self) -> None:
        """Tells that something changed."""
        self.count += 1
        if self._also is not None:
            self._also.notify()
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def wait(self, since: int) -> int:
        """Waits until there was a change after the given count, and returns the count then."""
        while self.count == since:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter
        return self.count
