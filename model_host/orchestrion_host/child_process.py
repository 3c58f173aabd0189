"""A child process and the pipe that it writes to, each with one owner: who opened a descriptor closes it, once.

An event loop that is handed a file closes its descriptor itself, and the file object does so again: the second time it
may be a stranger's. So nothing is handed over here: the loop only tells when there is something to read, or to reap.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Final, Self

_PIECE_BYTES: Final = 64 << 10
_LONGEST_LINE: Final = 16 << 20


class ChildProcess:
    """A program that runs beside the host, and is reaped when it ends, whatever becomes of who waits for it.

    It is started by vfork. What event loops have for this forks, which runs gRPC's handlers in the copy of a process
    with many threads; now and then that copy crashed. Needs Linux 5.3 for the process descriptor.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        stdout: int,
        stderr: int | None = None,
        pass_fds: Sequence[int] = (),
        on_exit: Callable[[int], None] = lambda _status: None,
    ) -> None:
        """Starts it.

        Args:
            command: The program and its arguments.
            environment: Its environment.
            stdout: The descriptor that it writes to; the caller's to close.
            stderr: The one for what it logs; None for the host's own log.
            pass_fds: Other descriptors that it inherits under the same numbers.
            on_exit: Called once with its exit status, negative for a signal, after it was reaped.

        Raises:
            OSError: It cannot be started.
        """
        loop = asyncio.get_running_loop()
        self._process = subprocess.Popen(
            command, env=environment, pass_fds=pass_fds, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr
        )
        self.pid: int = self._process.pid
        self.ended: asyncio.Future[int] = loop.create_future()
        self._on_exit = on_exit
        try:
            self._descriptor = os.pidfd_open(self.pid)
        except OSError:
            # There is no descriptor left: nobody could tell when it ends.
            self._process.kill()
            self._process.wait()
            raise
        loop.add_reader(self._descriptor, self._reap)

    def send(self, number: signal.Signals) -> None:
        """Sends a signal, which is never another process's. Nothing happens when it has ended."""
        if not self.ended.done():
            signal.pidfd_send_signal(self._descriptor, number)

    def kill(self) -> None:
        """Ends it at once, even when it is stopped or hangs."""
        self.send(signal.SIGKILL)

    async def end(self, grace_s: float) -> None:
        """Asks it to end, and returns when it has; it is killed after `grace_s` seconds, or where nobody waits."""
        self.send(signal.SIGTERM)
        try:
            async with asyncio.timeout(grace_s):
                await asyncio.shield(self.ended)
        except TimeoutError:
            self.kill()
            await asyncio.shield(self.ended)
        except BaseException:
            self.kill()
            raise

    def _reap(self) -> None:
        status = self._process.wait()
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)
        self.ended.set_result(status)
        self._on_exit(status)


class OutputPipe:
    """A pipe from a child to this process: a context manager that has both ends closed when it is left."""

    def __init__(self) -> None:
        """Opens it.

        Raises:
            OSError: There are no descriptors left.
        """
        self._reading, self.writing_end = os.pipe()
        os.set_blocking(self._reading, False)
        self._is_open_here = True

    def __enter__(self) -> Self:
        """Returns it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.leave_to_child()
        os.close(self._reading)

    def leave_to_child(self) -> None:
        """Closes this process's copy of the writing end, once the child has its own: then its end is the pipe's."""
        if self._is_open_here:
            self._is_open_here = False
            os.close(self.writing_end)

    async def lines(self) -> AsyncGenerator[bytes, None]:
        """Yields line by line what the child writes, to its end; no more is read than is asked for.

        Raises:
            ValueError: A line is longer than 16 MiB.
        """
        rest = bytearray()
        while piece := await self._read():
            start = len(rest)
            rest += piece
            while (end := rest.find(b"\n", start)) >= 0:
                line = bytes(rest[: end + 1])
                del rest[: end + 1]
                start = 0
                yield line
            if len(rest) > _LONGEST_LINE:
                raise ValueError(f"a line is longer than {_LONGEST_LINE} bytes")
        if rest:
            yield bytes(rest)

    async def _read(self) -> bytes:
        """Waits for the next piece, and returns it; empty at the end."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                return os.read(self._reading, _PIECE_BYTES)
            except BlockingIOError:
                readable: asyncio.Future[None] = loop.create_future()
                loop.add_reader(self._reading, _settle, readable)
                try:
                    await readable
                finally:
                    loop.remove_reader(self._reading)


@asynccontextmanager
async def running(
    command: Sequence[str], environment: Mapping[str, str], *, grace_s: float, stderr: int | None = None
) -> AsyncIterator[tuple[ChildProcess, OutputPipe]]:
    """Runs a program for as long as the context lasts, and gives it `grace_s` seconds to end after that.

    Raises:
        OSError: It cannot be started.
    """
    with OutputPipe() as output:
        child = ChildProcess(command, environment, stdout=output.writing_end, stderr=stderr)
        try:
            output.leave_to_child()
            yield child, output
        finally:
            await child.end(grace_s)


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
