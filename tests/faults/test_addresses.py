"""Servers on unix sockets and IPv6: whole requests over them, and what becomes of their files."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from orchestrion import Client
from orchestrion.experts import HostState
from orchestrion.plans import Plan
from tests.rpc.controller.plans import wait
from tests.system.processes import Servers, wait_for_host

pytestmark = pytest.mark.faults
ONE = Plan((wait("task", delay_ms=1),))


def has_ip_6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def request_through(controller: str) -> None:
    with Client(controller) as client:
        wait_for_host(client, "one", HostState.READY)
        assert [type(event.payload).__name__ for event in client.run("do it", plan=ONE)][-1] == "RunFinished"


def test_a_whole_request_goes_over_unix_sockets(tmp_path: Path) -> None:
    """Client to gateway to controller to host, all on files that only this user can open, and that go with them."""
    sockets = {name: tmp_path / f"{name}.sock" for name in ("controller", "metrics", "host", "gateway")}
    with Servers(tmp_path) as servers:
        where = ["--metrics-host", f"unix:{sockets['metrics']}"]
        controller = servers.controller("--listen-host", f"unix:{sockets['controller']}", *where)
        assert controller.grpc_address == f"unix:{sockets['controller']}"
        assert controller.metrics_address == f"unix:{sockets['metrics']}"
        host = servers.host("--listen-host", f"unix:{sockets['host']}")
        assert (host.grpc_address, host.metrics_address[:10]) == (f"unix:{sockets['host']}", "127.0.0.1:")
        request_through(controller.grpc_address)
        gateway = servers.gateway("--host", f"unix:{sockets['gateway']}")
        assert gateway.http_address == f"unix:{sockets['gateway']}"
        assert [stat.S_IMODE(path.stat().st_mode) for path in sockets.values()] == [0o600] * 4
        for name, path in (("gateway", "/api/v1/hosts"), ("metrics", "/metrics")):
            transport = httpx2.HTTPTransport(uds=str(sockets[name]))
            with httpx2.Client(transport=transport, base_url="http://localhost") as http:
                assert http.get(path).status_code == 200
    assert not any(path.exists() for path in sockets.values())


@pytest.mark.skipif(not has_ip_6(), reason="this machine has no IPv6")
def test_a_whole_request_goes_over_ipv6(tmp_path: Path) -> None:
    with Servers(tmp_path) as servers:
        controller = servers.controller("--listen-host", "::1")
        assert controller.grpc_address.startswith("[::1]:")
        assert controller.metrics_address.startswith("[::1]:")
        host = servers.host("--listen-host", "[::1]")
        assert host.grpc_address.startswith("[::1]:")
        request_through(controller.grpc_address)
        gateway = servers.gateway("--host", "::1")
        assert httpx2.get(f"http://{gateway.http_address}/api/v1/hosts", trust_env=False).status_code == 200


@contextlib.contextmanager
def started(*arguments: str, home: Path) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "ORCHESTRION_HOME": str(home)}
    with subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_the_file_of_a_dead_server_is_replaced_and_that_of_a_live_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "controller.sock"
    command = ["-m", "orchestrion_controller", "--listen-host", f"unix:{path}", "--metrics-port", "0"]
    with started(*command, home=tmp_path) as first:
        assert first.stdout is not None
        assert first.stdout.readline().startswith(f"ready grpc=unix:{path} ")
        with started(*command, home=tmp_path / "second") as second:
            _, errors = second.communicate(timeout=60)
        assert second.returncode == 1
        taken = f"a server listens there by process {first.pid} "
        assert f"error: cannot listen on unix:{path}: {taken}" in errors
        first.send_signal(signal.SIGKILL)
        first.wait()
    assert path.exists()
    with started(*command, home=tmp_path) as third:
        assert third.stdout is not None
        assert third.stdout.readline().startswith(f"ready grpc=unix:{path} ")
        third.send_signal(signal.SIGTERM)
        assert third.wait(60) == 0
    assert not path.exists()
