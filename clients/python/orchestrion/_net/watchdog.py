"""Ends calls over which nothing comes or goes any more, by a thread; asyncio has timeouts for that."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Generator


class Watchdog:
    """Cancels a call that does nothing for a while; it has one thread for as long as it watches."""

    def __init__(self, idle_s: float) -> None:
        """Starts as at a heartbeat."""
        self.idle_s = idle_s
        """How long nothing may happen, in seconds."""
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
        remaining_s = self.idle_s
        while remaining_s > 0:
            if self._stopped.wait(remaining_s):
                return
            remaining_s = self._last_heartbeat + self.idle_s - time.monotonic()
        self.expired = True
        cancel()
