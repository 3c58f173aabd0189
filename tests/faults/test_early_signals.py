"""Servers that are told to end before they serve: whenever it comes, they end with status 0 and say nothing."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from orchestrion._processes.platform import embedded_controller
from tests.system.processes import eventually

ATTEMPTS = 10
LONGEST_S = 2.5
"""About what a server takes until it serves, on a busy machine."""


@pytest.mark.faults
@pytest.mark.timeout(600)
@pytest.mark.parametrize("server", ["controller", "host", "gateway"])
def test_a_server_that_is_told_to_end_while_it_starts_ends_well(server: str, tmp_path: Path) -> None:
    jitter = random.Random(5)
    with embedded_controller() as controller:
        own = {"controller": [], "host": ["--controller", controller], "gateway": ["--controller", controller]}[server]
        command = [sys.executable, "-m", f"orchestrion_{'host' if server == 'host' else server}", "--port", "0"]
        for number in range(ATTEMPTS):
            with subprocess.Popen(
                [*command, "--metrics-port", "0", *own],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env={**os.environ, "ORCHESTRION_HOME": str(tmp_path / f"{number}")},
            ) as process:
                # Until Python itself runs the server's first line, the signal is the system's to handle.
                eventually(partial(handles_sigterm, process.pid))
                time.sleep(jitter.uniform(0.0, LONGEST_S))
                process.send_signal(signal.SIGTERM)
                _, errors = process.communicate(timeout=60)
            assert process.returncode == 0, errors
            assert "Traceback" not in errors


def handles_sigterm(process: int) -> bool:
    """Tells whether a process has a handler of its own for SIGTERM."""
    status = Path(f"/proc/{process}/status").read_text()
    caught = int(status.partition("SigCgt:")[2].split()[0], 16)
    return bool(caught >> (signal.SIGTERM - 1) & 1)
