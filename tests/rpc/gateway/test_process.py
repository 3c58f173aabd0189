"""`python -m orchestrion_gateway`, which is `orchestrion gateway`: how it starts, what it refuses, how it ends."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path

import httpx2

from orchestrion import AsyncClient, listening
from tests.rpc.controller.conftest import StartHost
from tests.rpc.controller.scripted_host import Gate
from tests.rpc.gateway.server_events import events_of, until
from tests.rpc.gateway.test_runs import ONE, STREAM, wanted

ROOT = Path(__file__).parents[3]
# Tests run in workers of pytest, too.
COMMAND = listening.command_of(os.getpid())
TAKEN = f"the port is taken by process {os.getpid()} ({COMMAND}). End that, or choose another with"


@asynccontextmanager
async def started(*flags: str, **variables: str) -> AsyncIterator[asyncio.subprocess.Process]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ORCHESTRION_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "orchestrion_gateway", "--metrics-port", "0", *flags,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environment | variables,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def address_of(process: asyncio.subprocess.Process) -> str:
    """Waits until it serves, and returns where."""
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    ready = re.fullmatch(r"ready http=(127\.0\.0\.1:\d+) metrics=127\.0\.0\.1:\d+\n", line)
    assert ready, line
    return ready[1]


async def test_sigterm_ends_it_well_also_under_readers(
    address: str, client: AsyncClient, start_host: StartHost
) -> None:
    host = await start_host(gate=Gate())
    # Variables say what no flag says.
    async with started("--port", "0", ORCHESTRION_CONTROLLER=address, ORCHESTRION_GATEWAY_LOG_LEVEL="debug") as process:
        async with (
            httpx2.AsyncClient(base_url=f"http://{await address_of(process)}", trust_env=False, timeout=30) as http,
            http.stream(
                "POST", "/api/v1/runs", json=wanted(ONE, options={"detachGraceMs": 1}), headers=STREAM
            ) as response,
        ):
            events = events_of(response)
            await until(events, "task_started")
            process.send_signal(signal.SIGTERM)
            assert [event async for event in events if event.id] == []
        _, log = await process.communicate()
    assert process.returncode == 0, log
    assert b"Traceback" not in log
    assert b"POST /api/v1/runs" in log
    # Nobody watches the run any more.
    await host.cancelled.wait()


async def test_what_cannot_work_is_told_and_ends_it(address: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        cases = [
            (["--controller", "127.0.0.1:1"], 3, b"No controller answers at 127.0.0.1:1"),
            (["--controller", "http://x"], 2, b"no address of a controller"),
            (["--host", "0.0.0.0"], 2, b"there are no accounts and no passwords"),
            (["--allowed-host", "a/b"], 2, b"no name of a host"),
            (["--allowed-link-host", "a.example,b/c"], 2, b"'b/c' is no site"),
            (["--controller", address, "--port", port], 1, f"127.0.0.1:{port}: {TAKEN} --port;".encode()),
            (
                ["--controller", address, "--port", "0", "--metrics-port", port],
                1,
                f"127.0.0.1:{port}: {TAKEN} --metrics-port;".encode(),
            ),
            (["--controller", address, "--metrics-host", "unix:/a b"], 2, b"metrics_host: '/a b' cannot be the path"),
        ]
        for flags, code, message in cases:
            async with started(*flags) as process:
                _, log = await process.communicate()
            assert (process.returncode, message in log) == (code, True), log
            assert b"Traceback" not in log


async def test_others_are_served_where_the_operator_says_so(address: str) -> None:
    flags = ["--controller", address, "--host", "0.0.0.0", "--port", "0", "--allow-remote"]
    async with started(*flags, ORCHESTRION_GATEWAY_ALLOWED_HOSTS="play.example,work.example") as process:
        assert process.stdout is not None
        ready = re.match(rb"ready http=0\.0\.0\.0:(\d+) ", await process.stdout.readline())
        assert ready
        port = int(ready[1])
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
            for host, status in (("play.example", 200), ("work.example:80", 200), ("other.example", 421)):
                assert (await http.get("/healthz", headers={"Host": host})).status_code == status


def test_the_command_line_has_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    module, _, function = project["entry-points"]["orchestrion.commands"]["gateway"].partition(":")
    assert callable(getattr(import_module(module), function))
