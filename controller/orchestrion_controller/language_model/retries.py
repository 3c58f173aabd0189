"""When a call to an endpoint is made again, and after how long. Pure, but for the jitter."""

from __future__ import annotations

import random
from typing import Final

from orchestrion_serving.chat.retry_after import retry_after_s

__all__ = ["LlmAttempts", "retry_after_s"]

_FIRST_WAIT_S: Final = 0.5
_LONGEST_BACKOFF_S: Final = 8.0


class LlmAttempts:
    """The attempts of one call: how many are left, and the wait that is left to them."""

    def __init__(self, count: int, longest_wait_s: float) -> None:
        """Starts with all of them.

        Args:
            count: How many attempts may follow the first.
            longest_wait_s: How long all waits together may take, in seconds.
        """
        self._left = count
        self._wait_left_s = longest_wait_s
        self._backoff_s = _FIRST_WAIT_S

    def next_wait_s(self, retry_after_s: float | None, remaining_s: float | None) -> float | None:
        """Returns how long to wait before the next attempt, in seconds; None when there is none.

        Args:
            retry_after_s: How long the endpoint asks to wait; None when it does not say.
            remaining_s: What is left of the run's time; None for no deadline.
        """
        wait_s = retry_after_s
        if wait_s is None:
            # Jitter: clients that failed together must not retry together.
            wait_s = self._backoff_s * random.uniform(0.75, 1.0)
            self._backoff_s = min(2 * self._backoff_s, _LONGEST_BACKOFF_S)
        # A retry earlier than the endpoint asks for would fail as well, so a wait beyond the limit means no retry.
        if self._left <= 0 or wait_s > self._wait_left_s or (remaining_s is not None and wait_s >= remaining_s):
            return None
        self._left -= 1
        self._wait_left_s -= wait_s
        return wait_s
