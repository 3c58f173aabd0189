"""A circuit breaker for each host and each expert on it: after failures in a row others go first. Pure.

| State | When | What the selector does |
|---|---|---|
| closed | fewer than `FAILURES_TO_OPEN` failures in a row | nothing |
| open | until the pause is over, longer each time | other replicas go first, whatever their score |
| half open | the pause is over | the next call is the trial: others go first until it ends, or another pause is over |

An open circuit only orders. Where no other replica is there, the call is made all the same: refusing it would fail the
task for certain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

FAILURES_TO_OPEN: Final = 3
"""So many failures in a row open a circuit."""
FIRST_PAUSE_S: Final = 2.0
"""How long a circuit stays open at first, in seconds."""
LONGEST_PAUSE_S: Final = 60.0
"""How long it stays open at most; each failure after the first doubles the pause."""


@dataclass(frozen=True, slots=True)
class Circuit:
    """The failures in a row of a host or of an expert on it."""

    failure_count: int = 0
    """How many calls failed since the last that succeeded."""
    open_until_s: float = 0.0
    """Until when others go first, on the caller's clock, in seconds."""

    def is_open(self, now_s: float) -> bool:
        """Whether other replicas go first."""
        return self.failure_count >= FAILURES_TO_OPEN and now_s < self.open_until_s

    def after_failure(self, now_s: float) -> Circuit:
        """Returns the circuit after a call that failed."""
        count = self.failure_count + 1
        return Circuit(count, now_s + _pause_s(count) if count >= FAILURES_TO_OPEN else 0.0)

    def after_start(self, now_s: float) -> Circuit:
        """Returns the circuit after a call began: where it was half open, that call is the trial.

        A trial that is cancelled, or never ends, holds others back for no longer than a pause.
        """
        if self.failure_count < FAILURES_TO_OPEN or self.is_open(now_s):
            return self
        return Circuit(self.failure_count, now_s + _pause_s(self.failure_count))


def _pause_s(failure_count: int) -> float:
    # Bounded before the power is taken: hosts can fail for weeks.
    doublings = min(failure_count - FAILURES_TO_OPEN, 16)
    return min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0**doublings)
