"""A proxy in the environment, as on many company machines: nothing that stays on this machine goes through it."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import pytest

from orchestrion import AsyncClient, Client, Link
from orchestrion._net.loopback import exempt_from_proxies
from orchestrion._web.fetching import fetch
from orchestrion.cli.top.scraping import Scraper
from orchestrion.plans import Plan
from tests.otlp_collector import Collector
from tests.rpc.controller.plans import wait
from tests.system.processes import Servers
from tests.unit.client.web_server import serve_web

pytestmark = pytest.mark.faults
ONE = Plan((wait("task", delay_ms=1),))
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "grpc_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
EXEMPTIONS = ("no_proxy", "NO_PROXY", "no_grpc_proxy")


@contextmanager
def recording_proxy() -> Iterator[tuple[str, list[bytes]]]:
    """A proxy that keeps what it is asked for, and passes nothing on."""
    requested: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def record() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(1)
                    try:
                        requested.append(connection.recv(200))
                    except OSError:
                        requested.append(b"?")

        threading.Thread(target=record, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", requested
        listening.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def requested(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    with recording_proxy() as (proxy, requested):
        for name in PROXIES:
            monkeypatch.setenv(name, proxy)
        for name in EXEMPTIONS:
            monkeypatch.delenv(name, raising=False)
        yield requested


@pytest.mark.timeout(300)
def test_nothing_on_this_machine_goes_through_a_proxy(tmp_path: Path, requested: list[bytes]) -> None:
    with ExitStack() as stack:
        servers = stack.enter_context(Servers(tmp_path))
        traces = stack.enter_context(Collector())
        controller = servers.controller("--otlp-endpoint", traces.endpoint)
        servers.host("--otlp-endpoint", traces.endpoint)
        gateway = servers.gateway()
        port = controller.grpc_address.rpartition(":")[2]
        for address in (f"127.0.0.1:{port}", f"localhost:{port}", f"dns:///localhost:{port}", f"ipv4:127.0.0.1:{port}"):
            with Client(address) as client:
                assert len(client.hosts.list()) == 1
            asyncio.run(list_hosts(address))
        with Client(controller.grpc_address) as client:
            run = list(client.run("do it", plan=ONE))[-1].run
            assert client.runs.get(run).results[0].succeeded
            artifact = client.artifacts.upload(b"some words", file_name="words.txt")
            assert client.artifacts.read(artifact) == b"some words"
        assert httpx2.get(f"http://{gateway.http_address}/api/v1/hosts", trust_env=False).status_code == 200
        scraper = Scraper(f"http://{controller.metrics_address}", [f"http://{gateway.metrics_address}"])
        assert [scrape.problem for scrape in scraper.scrape()] == [""] * 3
        scraper.close()
        traces.wait_for(
            lambda spans: {"orchestrion-controller", "orchestrion-host"} <= {span.service for span in spans}
        )
        with serve_web() as site, fetch(Link(site.url("/notes.csv"))).content as content:
            assert content.read().startswith(b"name,price")
    assert requested == []


def test_programs_and_workers_of_a_server_reach_this_machine_directly(requested: list[bytes]) -> None:
    """What the client of the Hub and others go by is the environment, which they have from their server."""
    program = "import sys, httpx2; print(httpx2.get(sys.argv[1]).status_code)"
    environment = dict(os.environ)
    exempt_from_proxies(environment)
    with serve_web() as site:
        command = [sys.executable, "-c", program, site.url("/notes.csv")]
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    assert (done.stdout, requested) == ("200\n", [])


def test_what_is_elsewhere_still_goes_through_it(requested: list[bytes]) -> None:
    """Without this the others would prove nothing."""
    with pytest.raises(Exception, match=r"elsewhere\.invalid"):
        fetch(Link("http://elsewhere.invalid/notes.csv"))
    assert requested[0].startswith(b"GET http://elsewhere.invalid/notes.csv")


async def list_hosts(address: str) -> None:
    async with AsyncClient(address) as client:
        assert len(await client.hosts.list()) == 1
