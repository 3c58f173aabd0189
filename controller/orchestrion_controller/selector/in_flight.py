"""Calls in flight, which spread simultaneous tasks over replicas: hosts report them only after a delay."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from typing import Final

from orchestrion_controller.registry.replicas import ReplicaKey
from orchestrion_controller.selector.timing import NO_LOAD, InFlightLoad

ASSIGNMENT_S: Final = 1.0
"""How long an assignment counts before its first call: one that waits for inputs for longer is no load yet."""


class InFlightCalls:
    """Counts calls by replica and by host."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Starts without calls.

        Args:
            clock: A monotonic clock, in seconds.
        """
        self._clock = clock
        self._replicas: Counter[ReplicaKey] = Counter()
        self._hosts: Counter[str] = Counter()
        self._expiries_of: dict[ReplicaKey, deque[float]] = {}
        """When the assignments of each replica stop counting, the soonest first."""
        self._expiries: deque[tuple[float, ReplicaKey]] = deque()
        """The same over all replicas."""

    def of(self, replica: ReplicaKey) -> InFlightLoad:
        """Returns the calls to a replica, and to its host."""
        host_count = self._hosts.get(replica[0], 0)
        return InFlightLoad(self._replicas.get(replica, 0), host_count) if host_count else NO_LOAD

    def expire(self) -> None:
        """Drops the assignments whose calls did not begin in time. Called before a choice."""
        now = self._clock()
        while self._expiries and self._expiries[0][0] <= now:
            until, replica = self._expiries.popleft()
            waiting = self._expiries_of.get(replica)
            if waiting and waiting[0] <= until:
                waiting.popleft()
                self._count(replica, -1)
                if not waiting:
                    del self._expiries_of[replica]

    def assign(self, replica: ReplicaKey) -> None:
        """Counts an assignment, until its first call begins or the time limit has passed."""
        until = self._clock() + ASSIGNMENT_S
        self._expiries.append((until, replica))
        self._expiries_of.setdefault(replica, deque()).append(until)
        self._count(replica, 1)

    def begin(self, replica: ReplicaKey) -> None:
        """Counts a call, which may be one that was assigned."""
        waiting = self._expiries_of.get(replica)
        if waiting:
            waiting.popleft()
            if not waiting:
                del self._expiries_of[replica]
        else:
            self._count(replica, 1)

    def end(self, replica: ReplicaKey) -> None:
        """Ends the count of a call."""
        self._count(replica, -1)

    def _count(self, replica: ReplicaKey, change: int) -> None:
        self._replicas[replica] += change
        self._hosts[replica[0]] += change
        if self._replicas[replica] <= 0:
            del self._replicas[replica]
        if self._hosts[replica[0]] <= 0:
            del self._hosts[replica[0]]
