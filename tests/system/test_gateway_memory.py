"""Fifty chats at once through the gateway, for two minutes (LONG=1: ten), among readers that vanish or never read.

What a gateway holds for its readers must go with them: memory, connections, streams and runs.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx2
import psutil
import pytest

from benchmarks.streamed_chat import StreamedChat
from benchmarks.workload import CHAIN, fresh_text
from orchestrion import to_json
from orchestrion._processes.platform import Platform, start
from orchestrion_serving.process import run

CHATS: Final = 50
SECONDS: Final = 600 if os.environ.get("LONG") else 120
LARGE: Final = 20_000
"""How long the text is that most events of a chat carry whose reader leaves."""
GROWTH_MB: Final = 10.0
"""What the allocator may hold more at the end than after the first quarter: a small part of what was sent meanwhile."""

PORTS: Final = ["--port", "0", "--metrics-port", "0"]


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    controller = [*PORTS, "--home", str(tmp_path / "controller")]
    host = [*PORTS, "--home", str(tmp_path / "host"), "--test-experts"]
    with start(controller, host, PORTS, host_name="memory", log=lambda *_: None) as running:
        yield running


def gateway_process() -> psutil.Process:
    children = psutil.Process().children(recursive=True)
    return next(child for child in children if "orchestrion_gateway" in child.cmdline())


def body(text: str) -> dict[str, Any]:
    return {
        "messages": [{"text": "Pass it on."}],
        "plan": json.loads(to_json(CHAIN.make(text, 0.0))),
        "options": {"detachGraceMs": "0"},
    }


async def leave(address: str, *, reads: bool) -> None:
    """Begins a chat with much to send, and vanishes: in its middle, or without having read anything."""
    host, _, port = address.rpartition(":")
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.setblocking(False)
    await asyncio.get_running_loop().sock_connect(client, (host, int(port)))
    reader, writer = await asyncio.open_connection(sock=client, limit=1024)
    content = json.dumps(body("x" * LARGE)).encode()
    head = (
        "POST /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nContent-Type: application/json"
    )
    writer.write(f"{head}\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content)
    await writer.drain()
    if reads:
        await reader.readuntil(b"event: run_started")
    # A reader of so little room takes nothing more from its connection by itself.
    async with StreamedChat(address) as other:
        # Meanwhile others are served.
        await other.have(body(fresh_text()))
    writer.transport.abort()


async def chat(address: str, until: float, number: int) -> int:
    """Has one chat after the other; every fifth of the readers is one that leaves."""
    count = 0
    async with StreamedChat(address) as connection:
        while time.monotonic() < until:
            if number % 5:
                await connection.have(body(fresh_text()))
            else:
                await leave(address, reads=number % 10 == 0)
            count += 1
    return count


async def sample(process: psutil.Process, resident: list[float]) -> None:
    for _ in itertools.count():
        resident.append(process.memory_info().rss / 1e6)
        await asyncio.sleep(SECONDS / 100)  # How it is at moments that nothing else marks.


async def value(http: httpx2.AsyncClient, address: str, name: str) -> float:
    text = (await http.get(f"http://{address}/metrics")).text
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.split("{")[0].split(" ")[0] == name)


@pytest.mark.tasks
@pytest.mark.timeout(SECONDS + 180)
def test_nothing_of_readers_stays(platform: Platform) -> None:
    assert platform.gateway is not None
    gateway, address = gateway_process(), platform.gateway.http_address
    resident: list[float] = []

    async def story() -> tuple[int, int, int]:
        async with httpx2.AsyncClient(trust_env=False, timeout=30) as http:
            async with StreamedChat(address) as first:
                # What is opened for the first chat, as the connection to the controller, stays.
                await first.have(body(fresh_text()))
                opened = gateway.num_fds()
            sampling = asyncio.create_task(sample(gateway, resident))
            until = time.monotonic() + SECONDS
            async with asyncio.TaskGroup() as group:
                chats = [group.create_task(chat(address, until, number)) for number in range(CHATS)]
            sampling.cancel()
            for server, name in (
                (platform.gateway, "orchestrion_gateway_requests_open"),
                (platform.gateway, "orchestrion_gateway_streams_open"),
                (platform.controller, "orchestrion_controller_runs_running"),
                (platform.controller, "orchestrion_controller_readers"),
            ):
                assert server is not None
                async with asyncio.timeout(60):
                    while await value(http, server.metrics_address, name):
                        pass
        return sum(task.result() for task in chats), opened, gateway.num_fds()

    count, before, after = run(story())

    # Garbage is collected now and then; what is left after it counts.
    quarter = len(resident) // 4
    early, late = min(resident[quarter : 2 * quarter]), min(resident[-quarter:])
    print(f"{count} chats, {early:.1f} MB, then {late:.1f} MB; {before} open files before, {after} after")
    assert count > CHATS
    assert late - early < GROWTH_MB, resident
    assert after <= before + 1
