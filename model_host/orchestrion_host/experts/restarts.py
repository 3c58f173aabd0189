"""When an expert whose worker died is loaded again: at once the first time, ever later while it goes on dying.

Pure: the time comes in as an argument, in seconds of any clock.
"""

from __future__ import annotations

from typing import Final

FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 300.0
STABLE_S: Final = 60.0
"""A worker that held an expert for so long did not die of having loaded it."""


def pause_s(crash_count: int) -> float:
    """Returns how long an expert stays unloaded after crashes in a row: none after the first, then twice as long each.

    Args:
        crash_count: How many times in a row its worker died while it loaded, or soon after; at least 0.
    """
    if crash_count <= 1:
        return 0.0
    # The exponent is bounded, since a float overflows at 1024 crashes.
    return float(min(FIRST_PAUSE_S * 2 ** min(crash_count - 2, 30), LONGEST_PAUSE_S))


class Crashes:
    """The crashes of one expert in a row. One success ends the row."""

    def __init__(self) -> None:
        """Starts with none."""
        self.count = 0
        self._until = 0.0
        self._loaded_at: float | None = None

    def loaded(self, now: float) -> None:
        """Notes that it was loaded; whether that was a success is seen when it answers, or lives on."""
        self._loaded_at = now

    def succeeded(self) -> None:
        """Ends the row: it answered a call."""
        self.count, self._until = 0, 0.0

    def crashed(self, now: float) -> float:
        """Counts a crash and returns for how long the expert is not to be loaded, in seconds."""
        if self._loaded_at is not None and now - self._loaded_at >= STABLE_S:
            self.count = 0
        self._loaded_at = None
        self.count += 1
        pause = pause_s(self.count)
        self._until = now + pause
        return pause

    def wait_s(self, now: float) -> float:
        """Returns how long the expert is not to be loaded from now on, in seconds; 0 when it may be."""
        return max(0.0, self._until - now) if self.count else 0.0
