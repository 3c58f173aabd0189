"""`python -m orchestrion_host.beside HOST MODULE …`: runs a program beside the host, which ends when the host does.

HOST is the host's process id. However that dies, the kernel ends the program: nobody is left to read its answer.
"""

from __future__ import annotations

import ctypes
import os
import runpy
import signal
import sys
from typing import Final

_PARENT_DEATH_SIGNAL: Final = 1  # PR_SET_PDEATHSIG of Linux's prctl(2).


def main() -> None:
    """Ties this process to the host, and becomes the program."""
    host, module, *arguments = sys.argv[1:]
    ctypes.CDLL(None, use_errno=True).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != int(host):
        sys.exit("the host ended before this program began")
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
