"""Ends calls over which nothing comes or goes any more, by a thread; asyncio has timeouts for that."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Generator

from orchestrion.errors import OrchestrionError, Reason


class Watchdog:
    """Cancels a call that does nothing for a while; has one thread, as long as it watches."""

    def __init__(self, idle_s: float) -> None:
        """Starts with a call that has done something just now."""
        self._idle_s = idle_s
        self._last_heartbeat = time.monotonic()
        self._stopped = threading.Event()
        self.expired = False
        """Whether it ended the call."""

    def heartbeat(self) -> None:
        """Notes that something came or went."""
        self._last_heartbeat = time.monotonic()

    @contextlib.contextmanager
    def watching(self, cancel: Callable[[], object]) -> Generator[None, None, None]:
        """Calls `cancel` once, from another thread, when `idle_s` seconds pass without a heartbeat."""
        threading.Thread(target=self._watch, args=(cancel,), name="orchestrion-idle", daemon=True).start()
        try:
            yield
        finally:
            self._stopped.set()

    def _watch(self, cancel: Callable[[], object]) -> None:
        left = self._idle_s
        while left > 0:
            if self._stopped.wait(left):
                return
            left = self._last_heartbeat + self._idle_s - time.monotonic()
        self.expired = True
        cancel()


def idle_error(idle_s: float, address: str) -> OrchestrionError:
    """Says that a transfer stood still for too long."""
    return Reason.DEADLINE_EXCEEDED.error(
        f"The controller at {address} neither took nor sent a byte for {idle_s:g} s; idle_timeout sets how long "
        "it may.",
        address=address,
        field="idle_timeout",
    )
