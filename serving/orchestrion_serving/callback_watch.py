"""How much processor time callbacks of the event loop take: for as long as one of them computes, all others wait."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from time import perf_counter, thread_time
from typing import Final
from weakref import WeakKeyDictionary

from prometheus_client import Histogram

_SLICE_S: Final = 0.001
"""How much time passes before the processor's clock is read again: reading it costs as much as a small callback."""


class CallbackWatch:
    """Observes the processor time that an event loop's thread takes from the beginning of one callback to another's.

    The clock is read where a callback begins a millisecond or more after the last time. So each observation has one
    callback whole, and with it what came before it within a millisecond: a callback that takes long is seen every time,
    at no less than it took and no more than a millisecond above. Time in which the thread waits, or other threads
    compute, counts for nothing. It costs half a microsecond a callback.
    """

    def __init__(self, seconds: Histogram) -> None:
        """Keeps where times are observed, in seconds."""
        self._observe = seconds.observe
        self._clock: _SliceClock | None = None

    def start(self) -> None:
        """Begins, on the running loop."""
        loop = asyncio.get_running_loop()
        if (clock := _CLOCKS.get(loop)) is None:
            clock = _CLOCKS[loop] = _SliceClock(loop)
        clock.observers.append(self._observe)
        self._clock = clock

    def stop(self) -> None:
        """Ends; the last of a loop leaves it as it was."""
        if self._clock is None:
            return
        clock, self._clock = self._clock, None
        clock.observers.remove(self._observe)
        if not clock.observers:
            clock.remove()


class _SliceClock:
    """What `call_soon` of one loop goes through: tasks and futures call nothing else, on uvloop as on asyncio's loop.

    Neither loop offers a place to watch its callbacks from: uvloop's handles are closed to Python.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Has the loop call what it is given through this clock."""
        self.observers: list[Callable[[float], None]] = []
        self._loop = loop
        schedule = loop.call_soon
        looked = perf_counter()
        used = thread_time()
        observers = self.observers

        def run(callback: Callable[..., object], *args: object) -> None:
            nonlocal looked, used
            now = perf_counter()
            if now - looked >= _SLICE_S:
                looked, before, used = now, used, thread_time()
                for observe in observers:
                    observe(used - before)
            callback(*args)

        def call_soon(
            callback: Callable[..., object], *args: object, context: contextvars.Context | None = None
        ) -> asyncio.Handle:
            return schedule(run, callback, *args, context=context)

        loop.call_soon = call_soon  # type: ignore[method-assign]

    def remove(self) -> None:
        """Gives the loop its own method back."""
        del self._loop.call_soon
        del _CLOCKS[self._loop]


_CLOCKS: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, _SliceClock]] = WeakKeyDictionary()
"""Several servers may share a loop, and each has metrics of its own."""
