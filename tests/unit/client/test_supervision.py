"""Child processes: real ones, small. They start, tell that they are ready, and never stay behind."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

import orchestrion
from orchestrion._processes import platform, supervision
from orchestrion._processes.supervision import Supervisor
from orchestrion.errors import UnavailableError

READY = """
import signal, sys
print("starting", file=sys.stderr)
print("ready grpc=127.0.0.1:1 metrics=127.0.0.1:2", flush=True)
"""
SERVE = READY + "signal.pause()"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)" + SERVE


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def pid_of(child: supervision.Child) -> int:
    process = child._process
    assert process is not None
    return process.pid


@pytest.fixture
def log() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def supervisor(log: list[tuple[str, str]]) -> Iterator[Supervisor]:
    with Supervisor(lambda server, line: log.append((server, line))) as supervisor:
        yield supervisor


def test_ready_line_tells_the_addresses(supervisor: Supervisor, log: list[tuple[str, str]]) -> None:
    child = supervisor.start("server", ["-c", SERVE])
    assert (child.grpc_address, child.metrics_address) == ("127.0.0.1:1", "127.0.0.1:2")
    supervisor.stop()
    assert not alive(pid_of(child))
    assert log == [("server", "starting")]


def test_server_that_fails_to_start_tells_its_last_words(supervisor: Supervisor) -> None:
    program = "import sys; sys.exit('port 50051 is taken')"
    with pytest.raises(UnavailableError, match=r"server ended with exit status 1\..*\n  port 50051 is taken"):
        supervisor.start("server", ["-c", program])


def test_server_that_says_why_it_cannot_start_is_quoted(supervisor: Supervisor) -> None:
    program = "import sys; sys.exit('error: the port is taken; choose another with --port.')"
    with pytest.raises(UnavailableError, match=r"^The server did not start: the port is taken; choose .* --port\.$"):
        supervisor.start("server", ["-c", program])


def test_server_that_takes_too_long() -> None:
    child = supervision.Child("server", ["-c", "import time; time.sleep(60)"], lambda *_: None, lambda _: None)
    with contextlib.ExitStack() as stack:
        stack.callback(child.finish)
        stack.callback(child.terminate)
        with pytest.raises(UnavailableError, match=r"within 0\.1 s"):
            child.wait_ready(0.1)


def test_one_that_dies_is_named_and_the_other_stopped(supervisor: Supervisor) -> None:
    other = supervisor.start("other", ["-c", SERVE])
    server = supervisor.start("server", ["-c", SERVE])
    os.kill(pid_of(server), 9)
    assert "server was killed by SIGKILL" in supervisor.wait().message
    supervisor.stop()
    assert not alive(pid_of(other))


def test_one_that_does_not_listen_is_killed_with_its_children() -> None:
    lines: list[str] = []
    grandchild = "import subprocess, sys; p = subprocess.Popen(['sleep', '60']); print(p.pid, file=sys.stderr); "
    with Supervisor(lambda _, line: lines.append(line), stop_timeout_s=0.2) as supervisor:
        child = supervisor.start("server", ["-c", grandchild + DEAF])
    assert not alive(pid_of(child))
    # Its death is seen when init has taken note of it.
    deadline = time.monotonic() + 5
    while alive(int(lines[0])) and time.monotonic() < deadline:
        os.sched_yield()
    assert not alive(int(lines[0]))


def test_started_from_a_thread_that_ends(supervisor: Supervisor) -> None:
    """A server that dies with its parent thread must not die when only the caller's thread has ended."""
    guard = "import ctypes, signal; ctypes.CDLL(None).prctl(1, signal.SIGTERM)"
    children: list[supervision.Child] = []
    thread = threading.Thread(target=lambda: children.append(supervisor.start("server", ["-c", guard + SERVE])))
    thread.start()
    thread.join()
    assert supervisor.ended() is None
    assert alive(pid_of(children[0]))


def test_ctrl_c_reaches_the_parent_alone() -> None:
    """In a terminal SIGINT goes to the whole group: the parent stops its children in order, none is hit itself."""
    program = f"""
import os, signal
from orchestrion._processes.supervision import Supervisor
with Supervisor(lambda server, line: None) as supervisor:
    child = supervisor.start("server", ["-c", {SERVE!r}])
    try:
        print(child._process.pid, os.getpgid(child._process.pid) == os.getpgrp(), flush=True)
        supervisor.wait()
    except KeyboardInterrupt:
        print("alive" if child._process.poll() is None else "dead", flush=True)
print("stopped")
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        pid, same_group = process.stdout.readline().split()
        os.killpg(process.pid, 2)
        rest = process.stdout.read()
    assert (same_group, rest.split(), process.returncode) == ("False", ["alive", "stopped"], 0)
    assert not alive(int(pid))


def test_client_alone_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "_NEEDED", ("sys", "no_such_package"))
    with pytest.raises(UnavailableError, match=r"pip install 'orchestrion\[all\]'.*no_such_package"):
        contextlib.ExitStack().enter_context(orchestrion.embedded())
    monkeypatch.setattr(platform, "_CONTROLLER_NEEDS", ("no_such_package",))
    with pytest.raises(UnavailableError, match=r"pip install 'orchestrion\[controller\]'.*no_such_package"):
        contextlib.ExitStack().enter_context(platform.embedded_controller())


def test_a_controller_alone_serves_without_a_host() -> None:
    with platform.embedded_controller() as address, orchestrion.Client(address) as client:
        assert client.hosts.list() == ()
