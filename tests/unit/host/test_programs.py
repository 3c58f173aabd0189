"""Programs beside the host: whenever their call is cancelled they end, and no descriptor but theirs is closed."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Coroutine
from contextlib import aclosing, suppress
from pathlib import Path

import psutil
import pytest
import uvloop

from orchestrion.errors import OrchestrionError
from orchestrion_host import programs
from orchestrion_host.child_process import ChildProcess, running

HANGS = """
import json, signal, sys, time
if "deaf" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(json.dumps({"message": "running"}), flush=True)
time.sleep(600)
"""
MOST_TURNS = 12
"""More turns of the event loop than a start takes until it waits for the program's first line."""
LOOPS = [pytest.param(uvloop.new_event_loop, id="uvloop"), pytest.param(asyncio.new_event_loop, id="asyncio")]
NewLoop = Callable[[], asyncio.AbstractEventLoop]
Children = Callable[[], list[psutil.Process]]


@pytest.fixture
def hanging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module that tells that it runs, and then does nothing for ten minutes."""
    (tmp_path / "hanging_program.py").write_text(HANGS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    return "hanging_program"


def on(new_loop: NewLoop, main: Coroutine[object, object, None]) -> None:
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(main)


@pytest.fixture
def children() -> Children:
    """What this process has started since, but for what earlier tests keep."""
    earlier = psutil.Process().children()
    return lambda: [child for child in psutil.Process().children() if child not in earlier]


async def drain(module: str, *arguments: str) -> None:
    async with aclosing(programs.run(module, arguments)) as lines:
        async for _line in lines:
            pass


@pytest.mark.faults
@pytest.mark.parametrize("new_loop", LOOPS)
def test_a_call_that_is_cancelled_at_any_moment_of_a_start_leaves_neither_a_program_nor_a_descriptor(
    new_loop: NewLoop, hanging: str, children: Children
) -> None:
    async def cancel_after(turns: int) -> None:
        call = asyncio.create_task(drain(hanging))
        for _ in range(turns):
            await asyncio.sleep(0)
        call.cancel()
        # What others open from now on gets the numbers that are free.
        others: list[socket.socket] = []
        while not call.done():
            others += socket.socketpair()
            await asyncio.sleep(0.001)
        assert call.cancelled()
        others += socket.socketpair()
        del call
        gc.collect()
        for other in others:
            os.fstat(other.fileno())
            other.close()
        assert children() == []

    async def main() -> None:
        await asyncio.sleep(0)
        gc.collect()  # What earlier tests left is closed before the count.
        before = psutil.Process().num_fds()
        for turns in range(MOST_TURNS):
            await cancel_after(turns)
        assert psutil.Process().num_fds() == before

    on(new_loop, main())


@pytest.mark.parametrize("new_loop", LOOPS)
def test_who_stops_reading_ends_the_program(new_loop: NewLoop, hanging: str, children: Children) -> None:
    async def main() -> None:
        async with aclosing(programs.run(hanging, [])) as lines:
            assert await anext(lines) == {"message": "running"}
            (program,) = children()
        assert not program.is_running()

    on(new_loop, main())


async def test_a_program_that_ignores_the_request_to_end_is_killed_where_its_call_is_cancelled_again(
    hanging: str, children: Children
) -> None:
    lines = programs.run(hanging, ["deaf"])
    await anext(lines)
    (program,) = children()
    leaving = asyncio.create_task(lines.aclose())
    await asyncio.sleep(0)  # It was asked to end, and is waited for.
    leaving.cancel()
    with suppress(asyncio.CancelledError):
        await leaving
    async with asyncio.timeout(10):
        while program in children():  # noqa: ASYNC110 - nothing tells of it: it is reaped by its own watch.
            await asyncio.sleep(0.01)


async def test_a_program_that_is_killed_says_so(hanging: str, children: Children) -> None:
    async with aclosing(programs.run(hanging, [])) as lines:
        await anext(lines)
        (program,) = children()
        program.kill()
        with pytest.raises(OrchestrionError, match="ended with status -9") as failure:
            await anext(lines)
    assert failure.value.reason == "INTERNAL"


async def test_lines_are_whole_however_they_are_written() -> None:
    text = "import sys; w = sys.stdout.write; w('a' * 200_000); w('\\nb\\n\\nc'); w('d')"
    async with running([sys.executable, "-c", text], os.environ, grace_s=5) as (child, output):
        assert [line async for line in output.lines()] == [b"a" * 200_000 + b"\n", b"b\n", b"\n", b"cd"]
        assert await child.ended == 0


async def test_a_program_that_cannot_be_started_leaves_no_descriptor() -> None:
    before = psutil.Process().num_fds()
    with pytest.raises(FileNotFoundError):
        async with running(["/no/such/program"], os.environ, grace_s=5):
            pass
    assert psutil.Process().num_fds() == before


async def test_a_program_that_cannot_be_watched_is_not_left_running(
    monkeypatch: pytest.MonkeyPatch, children: Children
) -> None:
    def no_descriptor(_process_id: int) -> int:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "pidfd_open", no_descriptor)
    with pytest.raises(OSError, match="Too many open files"):
        ChildProcess([sys.executable, "-c", "input()"], os.environ, stdout=subprocess.DEVNULL)
    assert children() == []


async def test_a_signal_reaches_no_other_process_once_the_program_has_ended() -> None:
    async with running([sys.executable, "-c", ""], os.environ, grace_s=5) as (child, _output):
        assert await child.ended == 0
        child.send(signal.SIGKILL)
        child.kill()


def test_a_program_ends_with_the_host_however_that_dies(hanging: str) -> None:
    host = f"""
import asyncio, sys
from orchestrion_host import programs
async def main():
    async for line in programs.run({hanging!r}, ["deaf"]):
        print(line, flush=True)
asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", host], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert b"running" in process.stdout.readline()
        (program,) = psutil.Process(process.pid).children()
        process.kill()
        psutil.wait_procs([program], timeout=10)
    assert not program.is_running()
