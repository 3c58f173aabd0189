"""Which run an id of a caller's began: what makes a repeated call join it. In memory, since every run asks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

CAPACITY: Final = 50_000
"""How many ids are kept in memory, some 10 MB; for older ones the journal is read."""


class RequestIds:
    """The newest ids with their runs. It knows whether there are others that it does not hold."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        """Starts with none."""
        self._capacity = capacity
        self._runs: dict[str, str] = {}
        self._ids: dict[str, str] = {}
        self.is_complete = True
        """Whether every id that was ever added is held: one that is not found is new then."""

    def load(self, newest: Iterable[tuple[str, str]]) -> None:
        """Takes ids and runs that an earlier process left, the newest first."""
        for request_id, run in reversed(list(newest)):
            self.add(request_id, run)

    def add(self, request_id: str, run: str) -> None:
        """Remembers which run an id began; the oldest is forgotten when there are too many."""
        self._runs[request_id] = run
        self._ids[run] = request_id
        if len(self._runs) > self._capacity:
            oldest = next(iter(self._runs))
            del self._ids[self._runs.pop(oldest)]
            self.is_complete = False

    def find(self, request_id: str) -> str | None:
        """Returns the run that an id began, or None."""
        return self._runs.get(request_id)

    def forget(self, run: str) -> None:
        """Forgets a run that was deleted: its id is free again."""
        request_id = self._ids.pop(run, None)
        if request_id is not None:
            del self._runs[request_id]
