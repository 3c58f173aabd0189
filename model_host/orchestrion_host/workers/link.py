"""The host's end of the socket to a worker: frames in and out, and pings that tell a hung worker from a busy one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from orchestrion_host import ipc


class WorkerLink(asyncio.Protocol):
    """Reads messages and writes messages. Calls `on_message` for each but pongs, `on_closed` at the end."""

    def __init__(
        self,
        hang_timeout_s: float,
        *,
        on_message: Callable[[ipc.FromWorker], None],
        on_hung: Callable[[], None],
        on_closed: Callable[[], None],
    ) -> None:
        """Starts with no connection.

        Args:
            hang_timeout_s: How long a ping may stay without its answer, in seconds.
            on_message: Gets each message.
            on_hung: Called once when a ping stayed without an answer.
            on_closed: Called once when the socket is closed.
        """
        self._hang_timeout_s = hang_timeout_s
        self._on_message = on_message
        self._on_hung = on_hung
        self._on_closed = on_closed
        self._unpacker = ipc.Unpacker(ipc.FROM_WORKER)
        self._transport: asyncio.WriteTransport | None = None
        self._closed = False
        self._backlog: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None
        self._pings = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begins to ping."""
        # uvloop's transports are not subclasses of asyncio's.
        self._transport = cast(asyncio.WriteTransport, transport)
        self._transport.writelines(self._backlog)
        self._backlog.clear()
        self._ping()

    def data_received(self, data: bytes) -> None:
        """Takes in what the worker wrote."""
        for message in self._unpacker.feed(data):
            if isinstance(message, ipc.Pong):
                self._pong(message)
            else:
                self._on_message(message)

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends the pings."""
        del exc
        self._set_timer(None)
        self._transport = None
        self._closed = True
        self._on_closed()

    def send(self, message: ipc.ToWorker) -> None:
        """Writes a message. After the end it is dropped: `on_closed` told everybody."""
        if self._transport is not None:
            self._transport.write(ipc.pack(message))
        elif not self._closed:
            self._backlog.append(ipc.pack(message))

    def close(self) -> None:
        """Closes the socket, upon which the worker ends."""
        if self._transport is not None:
            self._transport.close()

    def _ping(self) -> None:
        self._pings += 1
        self.send(ipc.Ping(self._pings))
        # If this process was stopped itself, the answer lies unread: look once more before giving the worker up.
        self._set_timer(self._hang_timeout_s * 0.8, self._look_again)

    def _look_again(self) -> None:
        self._set_timer(self._hang_timeout_s * 0.2, self._on_hung)

    def _pong(self, message: ipc.Pong) -> None:
        if message.number == self._pings:
            self._set_timer(self._hang_timeout_s / 3, self._ping)

    def _set_timer(self, seconds: float | None, callback: Callable[[], None] | None = None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if seconds is not None and callback is not None:
            self._timer = asyncio.get_running_loop().call_later(seconds, callback)
