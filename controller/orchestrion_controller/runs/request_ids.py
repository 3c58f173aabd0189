"""Maps callers' request ids to runs, so that a repeated call joins its run. In memory: every new run looks here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

CAPACITY: Final = 50_000
"""How many ids are kept in memory, some 10 MB; for older ones the journal is read."""


class RequestIds:
    """The newest ids with their runs, and whether older ones exist that are not held."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        """Starts with none."""
        self._capacity = capacity
        self._runs: dict[str, str] = {}
        self._ids: dict[str, str] = {}
        self.is_complete = True
        """Whether every id that was ever added is held: then an id that is missing here is new."""

    def load(self, newest: Iterable[tuple[str, str]]) -> None:
        """Loads the ids and runs of an earlier process, the newest first."""
        for request_id, run in reversed(list(newest)):
            self.add(request_id, run)

    def add(self, request_id: str, run: str) -> None:
        """Adds an id and its run; the oldest is dropped when there are too many."""
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
        """Removes a deleted run: its id is free again."""
        request_id = self._ids.pop(run, None)
        if request_id is not None:
            del self._runs[request_id]
