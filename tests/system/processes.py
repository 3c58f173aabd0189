"""Real servers for system tests, in processes of their own, and ways to look at them and to kill them."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Self, TypeVar

import psutil
from prometheus_client.parser import text_string_to_metric_families

from orchestrion import Client, names
from orchestrion._processes.supervision import Child, Supervisor
from orchestrion.events import Event, TaskStarted
from orchestrion.experts import Host, HostState

T = TypeVar("T")

TIMEOUT_S = 20.0
"""How long anything that must happen may take on a busy machine."""


class Servers:
    """Starts servers under one folder; leaving stops them all. Their logs are in `servers.log` there."""

    def __init__(self, home: Path, controller: Child | None = None) -> None:
        """Starts with no server; hosts go to the controller given, or else to the one that `controller` starts."""
        self.home = home
        self._log = home / "servers.log"
        self._supervisor = Supervisor(self._write)
        self._controller = controller.grpc_address if controller else ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._supervisor.stop()

    def controller(self, *flags: str, port: int = 0, home: Path | None = None) -> Child:
        """Starts a controller and waits until it serves; a second one with the same home continues the first."""
        folder = home or self.home / "controller"
        own = ["--exit-with-parent", "--port", str(port), "--metrics-port", "0", "--home", str(folder)]
        controller = self._supervisor.start("controller", ["-m", "orchestrion_controller", *own, *flags])
        self._controller = controller.grpc_address
        return controller

    def host(self, *flags: str, name: str = "one", launcher: Sequence[str] = ()) -> Child:
        """Starts a host with the test experts and waits until the controller gives it work.

        Args:
            flags: Further settings of the host.
            name: What it is called.
            launcher: What comes before the interpreter's command line, such as what enters a network namespace.
        """
        own = ["--exit-with-parent", "--port", "0", "--metrics-port", "0", "--home", str(self.home / "host")]
        where = ["--controller", self._controller, "--name", name, "--test-experts"]
        arguments = ["-m", "orchestrion_host", *own, *where, *flags]
        if launcher:
            # It becomes what it launches: one process, whose death its parent sees and is seen by.
            replaced = "import os, sys; os.execvp(sys.argv[1], sys.argv[1:])"
            arguments = ["-c", replaced, *launcher, sys.executable, *arguments]
        host = self._supervisor.start(f"host {name}", arguments)
        with Client(self._controller) as client:
            wait_for_host(client, name, HostState.READY)
        return host

    def gateway(self, *flags: str) -> Child:
        """Starts a gateway and waits until it serves."""
        own = ["--exit-with-parent", "--port", "0", "--metrics-port", "0", "--controller", self._controller]
        return self._supervisor.start("gateway", ["-m", "orchestrion_gateway", *own, *flags])

    def _write(self, server: str, line: str) -> None:
        with self._log.open("a") as log:
            log.write(f"{server}: {line}\n")


def wait_for_host(client: Client, name: str, state: HostState | None) -> None:
    """Waits until the controller lists a host in a state; None waits until it lists it in any other than READY."""
    with contextlib.closing(client.hosts.watch(timeout=TIMEOUT_S)) as changes:
        for change in changes:
            if change.name == names.host(name):
                seen = change.state if isinstance(change, Host) else None
                if seen is state or (state is None and seen is not HostState.READY):
                    return


def process_of(server: Child) -> psutil.Process:
    """Returns the process that listens where a server says that it serves."""
    port = int((server.grpc_address or server.http_address).rsplit(":", 1)[1].rstrip("/"))
    return next(
        child
        for child in psutil.Process().children()
        for connection in child.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
    )


def worker_of(host: Child) -> psutil.Process:
    """Returns the only worker of a host."""
    (worker,) = (child for child in process_of(host).children() if "orchestrion_host.worker" in child.cmdline())
    return worker


def kill(process: psutil.Process) -> None:
    """Kills a process with -9, and returns when it is gone."""
    handle = os.pidfd_open(process.pid)
    try:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    finally:
        os.close(handle)
    eventually(lambda: _is_over(process))


def _is_over(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def metric(server: Child, name: str, **labels: str) -> float:
    """Reads a metric of a server: the sum of its samples that have these labels; 0 when there is none yet."""
    with urllib.request.urlopen(f"http://{server.metrics_address}/metrics", timeout=TIMEOUT_S) as page:
        families = list(text_string_to_metric_families(page.read().decode()))
    samples = (sample for family in families for sample in family.samples if sample.name == name)
    return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())


def until_started(events: Iterator[Event]) -> list[Event]:
    """Reads the events of a run until its first task was sent to a host."""
    seen = [next(events)]
    while not isinstance(seen[-1].payload, TaskStarted):
        seen.append(next(events))
    return seen


def running(host: Child, expert: str = "delay") -> float:
    """Tells how many calls an expert of a host computes now."""
    return metric(host, "orchestrion_host_running", expert=expert)


def cancelled(host: Child) -> float:
    """Tells how many calls to the expert `delay` of a host were cancelled."""
    return metric(host, "orchestrion_host_inferences_total", expert="delay", outcome="cancelled")


def eventually(look: Callable[[], T], *, within_s: float = TIMEOUT_S) -> T:
    """Looks again and again until what is seen is true, and returns it.

    Raises:
        AssertionError: It was not true in time.
    """
    for seen in _looks(look, within_s):
        if seen:
            return seen
    raise AssertionError(f"still not so after {within_s:g} s")


def _looks(look: Callable[[], T], within_s: float) -> Iterator[T]:
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        yield look()
        time.sleep(0.05)
    yield look()
