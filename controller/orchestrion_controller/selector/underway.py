"""Which calls were given out and have not ended: reports of hosts come later, and tasks in one moment must spread."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from typing import Final

from orchestrion_controller.selector.observations import Pair
from orchestrion_controller.selector.timing import NOTHING_UNDERWAY, Underway

PROMISE_S: Final = 1.0
"""How long an assignment counts before its first call: one that waits for inputs for longer is no load yet."""


class CallsUnderway:
    """Counts calls by expert and host."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Starts without calls.

        Args:
            clock: Tells the time in seconds, from any beginning.
        """
        self._clock = clock
        self._experts: Counter[Pair] = Counter()
        self._hosts: Counter[str] = Counter()
        self._promised: dict[Pair, deque[float]] = {}
        self._promises: deque[tuple[float, Pair]] = deque()

    def of(self, pair: Pair) -> Underway:
        """Returns the calls for an expert on a host, and for that host."""
        host_count = self._hosts.get(pair[0], 0)
        return Underway(self._experts.get(pair, 0), host_count) if host_count else NOTHING_UNDERWAY

    def expire(self) -> None:
        """Drops the promises that were not kept in time. Called before a choice."""
        now = self._clock()
        while self._promises and self._promises[0][0] <= now:
            until, pair = self._promises.popleft()
            waiting = self._promised.get(pair)
            if waiting and waiting[0] <= until:
                waiting.popleft()
                self._count(pair, -1)
                if not waiting:
                    del self._promised[pair]

    def promise(self, pair: Pair) -> None:
        """Counts an assignment, until its first call begins or a moment has passed."""
        until = self._clock() + PROMISE_S
        self._promises.append((until, pair))
        self._promised.setdefault(pair, deque()).append(until)
        self._count(pair, 1)

    def begin(self, pair: Pair) -> None:
        """Counts a call, which may be one that was promised."""
        waiting = self._promised.get(pair)
        if waiting:
            waiting.popleft()
            if not waiting:
                del self._promised[pair]
        else:
            self._count(pair, 1)

    def end(self, pair: Pair) -> None:
        """Counts a call no longer."""
        self._count(pair, -1)

    def _count(self, pair: Pair, change: int) -> None:
        self._experts[pair] += change
        self._hosts[pair[0]] += change
        if self._experts[pair] <= 0:
            del self._experts[pair]
        if self._hosts[pair[0]] <= 0:
            del self._hosts[pair[0]]
