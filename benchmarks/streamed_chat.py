"""One chat over the page's own API, timed by the bytes as they come and checked when it is over.

A client that reads each event would have the clients' process measured: what is timed here is when bytes arrive.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any, Final, Self

import h11

_FIRST: Final = b"event: run_started"
_END_OF_BODY: Final = b"0\r\n\r\n"


class StreamedChat:
    """A connection to a gateway on which one chat follows the other, as a browser keeps it."""

    def __init__(self, address: str) -> None:
        """Prepares the connection.

        Args:
            address: The gateway, `host:port`.
        """
        self._address = address
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Self:
        """Connects; leaving closes the connection."""
        host, _, port = self._address.rpartition(":")
        self._reader, self._writer = await asyncio.open_connection(host, int(port))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()
            await self._writer.wait_closed()

    async def have(self, body: dict[str, Any]) -> tuple[float, float]:
        """Creates a run and watches it to its end.

        Returns:
            When its first and its last event came, by `time.perf_counter`.

        Raises:
            RuntimeError: It was refused, or failed.
        """
        assert self._reader is not None
        assert self._writer is not None
        content = json.dumps(body).encode()
        self._writer.write(
            b"POST /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(content), content)
        )
        received, first = bytearray(), 0.0
        while not received.endswith(_END_OF_BODY):
            piece = await self._reader.read(1 << 16)
            if not piece:
                raise RuntimeError("The gateway closed the connection.")
            received += piece
            if not first and _FIRST in received:
                first = time.perf_counter()
        last = time.perf_counter()
        _check(bytes(received))
        return first, last


def _check(received: bytes) -> None:
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "localhost")]))
    connection.receive_data(received)
    body = bytearray()
    while not isinstance(event := connection.next_event(), h11.EndOfMessage):
        if isinstance(event, h11.Response) and event.status_code != 200:
            raise RuntimeError(f"The gateway answered with {event.status_code}: {received[-400:]!r}")
        if isinstance(event, h11.Data):
            body += event.data
    if b"RUN_STATE_SUCCEEDED" not in body or body.count(b"event: task_finished") != 3:
        raise RuntimeError(f"A run did not do what it should: {bytes(body[-400:])!r}")
