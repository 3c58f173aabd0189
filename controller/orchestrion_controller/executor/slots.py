"""Places for calls on one host, given to callers in turns where more want one than there are."""

from __future__ import annotations

import asyncio
import heapq
import itertools

from orchestrion_serving.turns import Turns


class FairSlots:
    """So many calls at once; those that wait take turns by caller, and each caller's in order of arrival."""

    def __init__(self, count: int) -> None:
        """Starts with `count` free places."""
        self._free = count
        self._turns = Turns()
        self._arrivals = itertools.count()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []

    async def acquire(self, caller: str) -> None:
        """Takes a place, and waits for one where none is free."""
        if self._free:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (self._turns.number(caller), next(self._arrivals), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                # It was given the place in the same moment.
                self.release()
            raise

    def release(self) -> None:
        """Gives a place back, to whoever has the next turn."""
        while self._waiting:
            number, _, turn = heapq.heappop(self._waiting)
            self._turns.served(number)
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
