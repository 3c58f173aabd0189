"""Which runs may begin: so many at once, of so many bytes, fairly between callers. Before anything is done for them."""

from __future__ import annotations

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
        """Notes that a run has ended; what it took is free again."""
        caller, size_bytes = self._live.pop(run)
        self._runs.give_back(caller)
        self._bytes.give_back(caller, size_bytes)


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
