"""Starts a worker: `python -m orchestrion_host.worker LABEL SOCKET_FD SPOOL_FOLDER`. Hosts do; people need not."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Final

from orchestrion import logs
from orchestrion_host.worker.control import Control
from orchestrion_host.worker.output_files import Spool, SpoolLimits

_PARENT_DEATH_SIGNAL: Final = 1  # PR_SET_PDEATHSIG of Linux's prctl(2).


def main() -> None:
    """Serves the host on the socket until it closes it."""
    _label, descriptor, spool = sys.argv[1:]
    # The end of the socket tells that the host is gone, but not to a library that holds the interpreter lock.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    # Ctrl-C reaches every process of the terminal; the host decides when its workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logs.set_up(
        os.environ.get("ORCHESTRION_WORKER_LOG_LEVEL", "INFO"),
        os.environ.get("ORCHESTRION_WORKER_LOG_FORMAT", "console"),
        content=bool(os.environ.get("ORCHESTRION_WORKER_LOG_CONTENT")),
        process="worker",
    )
    # Processes that a library starts must not keep the socket open.
    os.set_inheritable(int(descriptor), False)
    try:
        limits = SpoolLimits(
            int(os.environ["ORCHESTRION_WORKER_OUTPUT_BYTES"]),
            int(os.environ["ORCHESTRION_WORKER_SPOOL_BYTES"]),
            Path(spool).parent,
        )
        call_memory_bytes = int(os.environ["ORCHESTRION_WORKER_CALL_MEMORY_BYTES"])
        Control(socket.socket(fileno=int(descriptor)), Spool(Path(spool), limits), call_memory_bytes).serve()
    except Exception:
        logging.getLogger(__name__).exception("the worker met a fault of its own")
        os._exit(1)
    # Libraries' threads and exit handlers would only delay the end, and nothing is left to be saved.
    os._exit(0)


if __name__ == "__main__":
    main()
