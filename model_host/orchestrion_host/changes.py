"""Wakes whoever waits for the host's state to change: the advertiser, and loads that wait for room."""

from __future__ import annotations

import asyncio


class Changes:
    """Counts changes and lets coroutines wait for the next one. Nothing is polled."""

    def __init__(self) -> None:
        """Starts with no change."""
        self._waiters: list[asyncio.Future[None]] = []
        self.count = 0

    def notify(self) -> None:
        """Tells that something changed: an expert's state, a queue's end, a reservation, a device's memory."""
        self.count += 1
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
