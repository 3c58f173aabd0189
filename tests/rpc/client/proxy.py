"""A TCP proxy that cuts connections: by command, or after so many bytes."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from typing import Self


class Proxy:
    """Passes bytes between clients and one server, until it is told not to."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.connection_count = 0
        self.bytes_down = 0
        """What the server sent, over all connections."""
        self.bytes_up = 0
        self.cut_when: Callable[[Proxy], bool] = lambda proxy: False
        """Looked at before each piece is passed on; true cuts everything, once."""
        self.cuts = 0
        self.refused = asyncio.Event()
        self.refusing = False
        """Whether new connections are cut at once."""

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Resets every connection, as a crashing machine in the middle does."""
        for writer in self._open:
            if writer.transport.is_closing():
                continue
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        self._open.clear()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connection_count += 1
        self._open.add(writer)
        try:
            if self.refusing:
                self.refused.set()
                return
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
            self._open.add(up_writer)
            await asyncio.gather(self._pass(reader, up_writer, up=True), self._pass(up_reader, writer, up=False))
        except OSError:
            pass
        finally:
            self._tasks.discard(task)
            for end in (writer, *([up_writer] if "up_writer" in locals() else [])):
                self._open.discard(end)
                end.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, up: bool) -> None:
        while piece := await reader.read(1 << 16):
            if up:
                self.bytes_up += len(piece)
            else:
                self.bytes_down += len(piece)
            if self.cut_when(self):
                self.cut_when = lambda proxy: False
                self.cuts += 1
                self.cut()
                return
            writer.write(piece)
            await writer.drain()
        with contextlib.suppress(OSError):
            writer.close()
