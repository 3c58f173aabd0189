"""Standard input as lines, read by a thread of its own: nothing waits for it that is to end."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import Final

from orchestrion import Reason

_CHUNK_BYTES: Final = 1 << 16


class StandardInput(asyncio.Transport):
    """Yields lines of UTF-8.

    A read of a pipe or a terminal cannot be cancelled; a daemon thread may be left in it when the process ends.
    """

    def __init__(self, longest_bytes: int, descriptor: int = 0) -> None:
        """Reads nothing yet.

        Args:
            longest_bytes: How long a line may be.
            descriptor: The file descriptor to read.
        """
        super().__init__()
        self._longest_bytes = longest_bytes
        self._descriptor = descriptor
        self._reader: asyncio.StreamReader | None = None
        self._wanted = threading.Event()

    def __aiter__(self) -> StandardInput:
        """Yields lines to one reader."""
        return self

    async def __anext__(self) -> str:
        """Returns the next line.

        Raises:
            ResourceExhaustedError: It is too long.
        """
        if self._reader is None:
            self._reader = self._start()
        try:
            line = await self._reader.readline()
        except ValueError as error:
            raise Reason.MESSAGE_TOO_LARGE.error(
                f"A message is longer than {self._longest_bytes} bytes; name large files by their paths."
            ) from error
        if not line:
            raise StopAsyncIteration
        return line.decode("utf-8", errors="replace")

    def pause_reading(self) -> None:
        """Reads no more for now: what was read has not been taken."""
        self._wanted.clear()

    def resume_reading(self) -> None:
        """Reads on."""
        self._wanted.set()

    def _start(self) -> asyncio.StreamReader:
        reader, loop = asyncio.StreamReader(limit=self._longest_bytes), asyncio.get_running_loop()
        reader.set_transport(self)
        self._wanted.set()
        threading.Thread(target=self._read, args=(reader, loop), name="standard input", daemon=True).start()
        return reader

    def _read(self, reader: asyncio.StreamReader, loop: asyncio.AbstractEventLoop) -> None:
        try:
            while True:
                self._wanted.wait()
                chunk = os.read(self._descriptor, _CHUNK_BYTES)
                if not chunk:
                    loop.call_soon_threadsafe(reader.feed_eof)
                    return
                # Whether there is room for more shows when this has been fed.
                fed = threading.Event()
                loop.call_soon_threadsafe(_feed, reader, chunk, fed)
                fed.wait()
        except (OSError, RuntimeError):  # It is closed, or the loop is: nobody reads any more.
            return


def _feed(reader: asyncio.StreamReader, chunk: bytes, fed: threading.Event) -> None:
    reader.feed_data(chunk)
    fed.set()
