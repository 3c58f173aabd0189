"""The end of the time that fetching may take: it ends a connection that waits, however slowly bytes still come."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import Self


class FetchDeadline:
    """Ends connections when the time is up. Used as a context manager."""

    def __init__(self, seconds: float) -> None:
        """Starts to count."""
        self.seconds = seconds
        """How long it is in all."""
        self._end = time.monotonic() + seconds
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        """Returns the deadline."""
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            for guarded in self._sockets:
                guarded.close()
            self._sockets.clear()

    @property
    def passed(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() >= self._end

    @property
    def remaining_s(self) -> float:
        """How much is left, in seconds; never 0, which would mean no limit to a socket."""
        return max(self._end - time.monotonic(), 0.001)

    def guard(self, connected: socket.socket) -> None:
        """Takes a connection, to end it when the time is up.

        Raises:
            TimeoutError: It is up already: a host with several addresses takes its time for each.
        """
        if self.passed:
            raise TimeoutError
        # A copy stays valid when TLS takes the socket over; to shut it down ends the connection itself.
        with self._lock:
            self._sockets.append(connected.dup())

    def _cut(self) -> None:
        with self._lock:
            for guarded in self._sockets:
                with contextlib.suppress(OSError):
                    guarded.shutdown(socket.SHUT_RDWR)
