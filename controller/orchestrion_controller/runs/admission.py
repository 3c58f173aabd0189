"""Which runs may begin: so many at once, of so many bytes, fairly between callers. Before anything is done for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion_serving.shares import TIMES_FREE, Shares, Shortage

_RETRY_AFTER_MS: Final = 1_000


class RunAdmission:
    """What the runs that go on take of the controller, by caller."""

    def __init__(self, max_running: int, max_running_bytes: int) -> None:
        """Starts without a run.

        Args:
            max_running: How many runs may go on at once.
            max_running_bytes: What their requests may take together, in bytes.
        """
        self._runs = Shares(max_running)
        self._bytes = Shares(max_running_bytes)
        self._live: dict[str, tuple[str, int]] = {}
        self._read: dict[str, int] = {}
        self._ended: dict[str, tuple[str, int]] = {}
        """Runs that have ended while the call that began them is still read, which keeps its request in memory."""

    def check(self, caller: str, size_bytes: int) -> None:
        """Makes sure that a caller may begin a run with a request of so many bytes.

        Raises:
            ResourceExhaustedError: It may not now; the error names the setting and says when to try again.
        """
        if (shortage := self._runs.shortage(caller)) is not None:
            raise _refusal(self._runs, caller, shortage, "runs", "max_running_runs")
        if (shortage := self._bytes.shortage(caller, size_bytes)) is not None:
            raise _refusal(self._bytes, caller, shortage, "bytes of requests", "max_running_bytes")

    def begin(self, run: str, caller: str, size_bytes: int) -> None:
        """Notes that a run begins, or goes on after a restart: then nobody asks whether it may."""
        self._live[run] = caller, size_bytes
        self._runs.take(caller)
        self._bytes.take(caller, size_bytes)

    def end(self, run: str) -> None:
        """Notes that a run has ended; what it took is free again, its bytes once no call that asked for it is read."""
        caller, size_bytes = self._live.pop(run)
        self._runs.give_back(caller)
        if run in self._read:
            self._ended[run] = caller, size_bytes
        else:
            self._bytes.give_back(caller, size_bytes)

    @contextmanager
    def read_by_caller(self, run: str) -> Iterator[None]:
        """Notes that a call which asked for a run is read for as long as the context lasts."""
        self._read[run] = self._read.get(run, 0) + 1
        try:
            yield
        finally:
            self._read[run] -= 1
            if not self._read[run]:
                del self._read[run]
                if run in self._ended:
                    self._bytes.give_back(*self._ended.pop(run))


def _refusal(shares: Shares, caller: str, shortage: Shortage, unit: str, setting: str) -> OrchestrionError:
    if shortage is Shortage.LIMIT:
        text = f"{shares.total} {unit} are going on, and {setting} allows {shares.limit}; try again later."
    else:
        text = (
            f"{shares.held(caller)} {unit} of yours are going on, and there is room for {shares.free} more; a caller "
            f"may have {TIMES_FREE} times what there is room for ({setting} is {shares.limit}). "
            "Try again when some have ended."
        )
    return Reason.TOO_MANY_RUNS.error(text, retry_after_ms=_RETRY_AFTER_MS, setting=setting)
