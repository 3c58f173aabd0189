"""A worker as a process: started with one end of a socket, of which the host keeps the other."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from orchestrion_host.child_process import ChildProcess

_STDERR: Final = 2


class WorkerProcess(ChildProcess):
    """One process `python -m orchestrion_host.worker`, and the host's end of its socket."""

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
        try:
            with theirs:
                # What libraries print would garble the host's own stdout, which supervisors read.
                super().__init__(command, environment, stdout=_STDERR, pass_fds=(descriptor,), on_exit=on_exit)
        except BaseException:
            self.socket.close()
            raise
