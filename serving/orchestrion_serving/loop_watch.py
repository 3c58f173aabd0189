"""How late the event loop is: a timer that notes how long after its time it ran."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from prometheus_client import Histogram

_TICK_S: Final = 0.1
"""What holds the loop for longer than this is seen every time; what is shorter, in proportion to its length."""


class LoopWatch:
    """Observes the lag of the event loop that it is started on, ten times a second."""

    def __init__(self, lag: Histogram, on_tick: Callable[[], None] = lambda: None) -> None:
        """Keeps where lags are observed, and what is called after each, on the loop; it must not block."""
        self._lag = lag
        self._on_tick = on_tick
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begins, on the running loop."""
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(_TICK_S, self._tick, loop, loop.time() + _TICK_S)

    def stop(self) -> None:
        """Ends."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        # uvloop rounds timers to the millisecond, so that one may run a little early.
        self._lag.observe(max(0.0, loop.time() - due))
        self._timer = loop.call_later(_TICK_S, self._tick, loop, loop.time() + _TICK_S)
        self._on_tick()
