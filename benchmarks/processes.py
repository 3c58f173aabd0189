"""The processes that are measured: started, waited for, and ended; and the processor time that each has used."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import psutil

from benchmarks.workload import CHAIN, fresh_text
from orchestrion import Client, OrchestrionError
from orchestrion._codec import codec
from orchestrion._processes import platform

ROOT: Final = Path(__file__).parents[1]
LLM_SERVER: Final = ROOT / "tests" / "llm_server.py"
ECHO_SERVER: Final = ROOT / "benchmarks" / "echo_server.py"

_ROLES: Final = {
    "orchestrion_controller": "controller",
    "orchestrion_host.worker": "worker",
    "orchestrion_host": "host",
    "orchestrion_gateway": "gateway",
    LLM_SERVER.name: "llm server",
    ECHO_SERVER.name: "echo server",
}
"""What the command lines of the processes contain, the more special first."""


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the servers are."""

    controller: str
    echo: str


def servers(
    home: str | Path,
    controller: Sequence[str],
    host: Sequence[str],
    log: IO[str],
    gateway: Sequence[str] | None = None,
) -> contextlib.AbstractContextManager[platform.Platform]:
    """Starts a controller, a host and perhaps a gateway with these flags, on free ports, their folders in `home`."""
    ports = ["--port", "0", "--metrics-port", "0"]
    return platform.start(
        [*ports, *controller, "--home", f"{home}/controller"],
        [*ports, *host, "--home", f"{home}/host"],
        None if gateway is None else [*ports, *gateway],
        host_name="bench",
        log=lambda server, line: print(f"{server} | {line}", file=log, flush=True),
    )


@contextlib.contextmanager
def started(log: Path) -> Generator[Servers, None, None]:
    """Starts the language model, which plans a chain, the platform and the echo server; stops all on leaving.

    Args:
        log: Where the platform's logs go.

    Raises:
        OrchestrionError: The platform does not start.
        RuntimeError: Another server does not start.
    """
    with contextlib.ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory(prefix="orchestrion-bench-", ignore_cleanup_errors=True))
        plan = Path(home, "plan.json")
        plan.write_text(codec.to_json(CHAIN.make(fresh_text(), 0.0)), "utf-8")
        llm = stack.enter_context(announcing([str(LLM_SERVER), "--port", "0", "--plan", str(plan)]))
        echo = stack.enter_context(announcing([str(ECHO_SERVER)]))
        file = stack.enter_context(log.open("w"))
        # Built-in where a request names nothing else; those for the language model name it.
        performers = ["--planner", "builtin", "--responder", "builtin", "--llm-base-url", llm]
        running = stack.enter_context(servers(home, performers, ["--test-experts"], file))
        _warm_up(running.controller.grpc_address)
        yield Servers(running.controller.grpc_address, echo)


def _warm_up(address: str) -> None:
    """Has the controller load what it loads once: it does so in its first seconds, beside whatever is asked."""
    with Client(address) as client, contextlib.suppress(OrchestrionError):
        client.ask("Good morning!", planner="builtin")


def cpu_seconds() -> Mapping[str, float]:
    """Returns what this process (`client`) and those that it started have used of the processors, by role."""
    used: dict[str, float] = defaultdict(float)
    this = psutil.Process()
    used["client"] = _cpu(this)
    for process in this.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            used[_role(process)] += _cpu(process)
    return used


def one(role: str) -> psutil.Process:
    """Returns the process of a role that this one has started.

    Raises:
        RuntimeError: There is none.
    """
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if _role(process) == role:
                return process
    raise RuntimeError(f"No {role} runs.")


def million_additions_ms() -> float:
    """Times a million additions in Python: virtual machines are not equally fast all day, and nothing else tells it."""
    started, total = time.perf_counter(), 0
    for number in range(1_000_000):
        total += number
    return (time.perf_counter() - started) * 1000


class Bystanders:
    """Tells how busy programs keep the machine that have nothing to do with the measurement, from its making on."""

    def __init__(self) -> None:
        """Starts to count."""
        self._started, self._before = time.perf_counter(), self._used()

    def cores(self) -> float:
        """Returns how many processors they used, on average."""
        return max(0.0, (self._used() - self._before) / (time.perf_counter() - self._started))

    def _used(self) -> float:
        times = psutil.cpu_times()
        busy = times.user + times.nice + times.system + times.irq + times.softirq + times.steal
        return float(busy) - sum(cpu_seconds().values())


def _role(process: psutil.Process) -> str:
    command = " ".join(process.cmdline())
    return next((role for part, role in _ROLES.items() if part in command), "other")


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


@contextlib.contextmanager
def announcing(command: Sequence[str]) -> Generator[str, None, None]:
    """Starts a Python program that prints its address as the last word of one line; yields it."""
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    try:
        words = process.stdout.readline().split()
        if not words:
            raise RuntimeError(f"{command[0]} ended without telling its address.")
        yield words[-1]
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()
