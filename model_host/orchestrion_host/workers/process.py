"""A worker as a process: started with a socket, watched by its process descriptor, killed without mercy."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

_STDERR: Final = 2


class ChildProcess:
    """One process `python -m orchestrion_host.worker`. Needs Linux 5.3 for the process descriptor."""

    def __init__(
        self, label: str, folder: Path, environment: Mapping[str, str], on_exit: Callable[[int], None]
    ) -> None:
        """Starts it.

        Args:
            label: What it is for, shown by `ps`.
            folder: Where it leaves output files.
            environment: Its environment.
            on_exit: Called once with its exit status, negative for a signal, after it was reaped.

        Raises:
            OSError: It cannot be started.
        """
        self.socket, theirs = socket.socketpair()
        self.socket.setblocking(False)
        descriptor = theirs.fileno()
        command = [sys.executable, "-m", "orchestrion_host.worker", label, str(descriptor), os.fspath(folder)]
        with theirs:
            # What libraries print would garble the host's own stdout, which supervisors read.
            self._process = subprocess.Popen(
                command, env=environment, pass_fds=(descriptor,), stdin=subprocess.DEVNULL, stdout=_STDERR
            )
        self.pid: int = self._process.pid
        self._on_exit = on_exit
        self._process_descriptor = os.pidfd_open(self.pid)
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().add_reader(self._process_descriptor, self._reap)

    def kill(self) -> None:
        """Ends it at once, even when it is stopped or hangs. Nothing happens when it has ended."""
        if not self.ended.done():
            signal.pidfd_send_signal(self._process_descriptor, signal.SIGKILL)

    def _reap(self) -> None:
        status = self._process.wait()
        asyncio.get_running_loop().remove_reader(self._process_descriptor)
        os.close(self._process_descriptor)
        self.ended.set_result(status)
        self._on_exit(status)
