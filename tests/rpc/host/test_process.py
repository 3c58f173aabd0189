"""The host as a process: its ready line, its end, and the ends of those around it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.rpc.host.hosts import HostClient

HOST = [sys.executable, "-m", "orchestrion_host", "--port=0", "--metrics-port=0", "--test-experts", "--name=alone"]
# Starts a host and tells its process id, then waits to be killed.
PARENT = "import subprocess, sys; host = subprocess.Popen(sys.argv[1:]); print(host.pid, flush=True); host.wait()"


@contextlib.asynccontextmanager
async def process(*command: str, home: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    started = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, "ORCHESTRION_HOME": str(home)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield started
    finally:
        with contextlib.suppress(ProcessLookupError):
            started.kill()
        await started.communicate()


async def line_of(started: asyncio.subprocess.Process) -> str:
    assert started.stdout is not None
    async with asyncio.timeout(30):
        return (await started.stdout.readline()).decode()


async def ready(started: asyncio.subprocess.Process) -> str:
    """Reads the ready line and returns the address of the gRPC server."""
    match = re.fullmatch(r"ready grpc=(127\.0\.0\.1:\d+) metrics=127\.0\.0\.1:\d+\n", await line_of(started))
    assert match is not None
    return match.group(1)


async def worker_of(host_pid: int) -> int:
    children = Path(f"/proc/{host_pid}/task/{host_pid}/children").read_text().split()
    workers = [pid for pid in children if b"orchestrion_host.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    return int(workers[0])


def spool_of(host_pid: int) -> Path:
    """Returns the folder that the host holds a lock on: there its workers leave files."""
    open_files = [os.readlink(file) for file in Path(f"/proc/{host_pid}/fd").iterdir()]
    (folder,) = (file for file in open_files if Path(file).name.startswith("orchestrion-host-"))
    return Path(folder)


async def gone(pid: int) -> None:
    """Waits until a process that is not a child of this one has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(descriptor, ended.set)
    try:
        async with asyncio.timeout(10):
            await ended.wait()
    finally:
        asyncio.get_running_loop().remove_reader(descriptor)
        os.close(descriptor)


async def test_a_host_ends_cleanly_when_it_is_asked_to(tmp_path: Path) -> None:
    async with process(*HOST, home=tmp_path) as host:
        address = await ready(host)
        async with grpc.aio.insecure_channel(address) as channel:
            stub: Any = health_pb2_grpc.HealthStub(channel)
            health = await stub.Check(health_pb2.HealthCheckRequest())
            assert health.status == health_pb2.HealthCheckResponse.SERVING
            await HostClient(channel).infer("delay", text="hello")
        worker = await worker_of(host.pid)
        spool = spool_of(host.pid)
        assert spool.exists()
        host.send_signal(signal.SIGTERM)
        assert await host.wait() == 0
        await gone(worker)
        assert not spool.exists()


async def test_workers_do_not_outlive_a_host_that_is_killed(tmp_path: Path) -> None:
    async with process(*HOST, home=tmp_path) as host:
        async with grpc.aio.insecure_channel(await ready(host)) as channel:
            await HostClient(channel).infer("delay", text="hello")
        worker = await worker_of(host.pid)
        host.kill()
        await gone(worker)


async def test_a_host_does_not_outlive_its_parent_where_it_is_told_so(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, *HOST, "--exit-with-parent"]
    async with process(*command, home=tmp_path) as parent:
        host = int(await line_of(parent))
        await ready(parent)
        parent.kill()
        await gone(host)


async def test_what_a_killed_host_left_on_shared_memory_is_swept_out(tmp_path: Path) -> None:
    async with process(*HOST, home=tmp_path) as host:
        await ready(host)
        spool = spool_of(host.pid)
        host.kill()
        await host.wait()
    assert spool.exists()
    async with process(*HOST, home=tmp_path) as host:
        await ready(host)
        assert not spool.exists()
        host.terminate()
        await host.wait()


@pytest.mark.parametrize(
    ("flags", "status", "message"),
    [
        (["--name=two words"], 2, "name"),
        (["--memory-budget-bytes=plenty"], 2, "--memory-budget-bytes"),
        (["--catalogue-paths={catalogue}"], 2, "unknown field `descripton`; did you mean `description`?"),
        (["--preload=nobody"], 2, "nobody"),
        (["--listen-host=0.0.0.0"], 2, "advertise_address"),
        (["--listen-host=203.0.113.1"], 1, "203.0.113.1"),
    ],
)
async def test_a_wrong_setting_is_told_in_one_line(tmp_path: Path, flags: list[str], status: int, message: str) -> None:
    catalogue = tmp_path / "catalogue"
    catalogue.mkdir()
    (catalogue / "wrong.yaml").write_text("id: x\ndescripton: misspelt\n")
    command = [*HOST, *(flag.format(catalogue=catalogue) for flag in flags)]
    async with process(*command, home=tmp_path) as host:
        _, errors = await host.communicate()
    lines = [line for line in errors.decode().splitlines() if line.startswith("error: ")]
    assert host.returncode == status
    assert len(lines) == 1
    assert message in lines[0]
    assert "Traceback" not in errors.decode()
