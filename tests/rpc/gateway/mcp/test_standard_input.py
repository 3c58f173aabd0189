"""Lines of a pipe."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator

import pytest

from orchestrion import ResourceExhaustedError
from orchestrion_gateway.mcp_server.standard_input import StandardInput

Pipe = tuple[int, int]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    reading, writing = os.pipe()
    yield reading, writing
    for descriptor in (reading, writing):
        with contextlib.suppress(OSError):
            os.close(descriptor)


async def test_lines_come_as_they_are_written_and_end_with_the_pipe(pipe: Pipe) -> None:
    reading, writing = pipe
    lines = StandardInput(100, reading)
    os.write(writing, "eins\nzwö".encode()[:-1])
    assert await anext(lines) == "eins\n"
    os.write(writing, "ö".encode()[1:] + b"lf\n\xff\nrest")
    assert [await anext(lines), await anext(lines)] == ["zwölf\n", "�\n"]
    os.close(writing)
    assert [line async for line in lines] == ["rest"]


async def test_what_nobody_takes_is_not_read(pipe: Pipe) -> None:
    reading, writing = pipe
    os.set_blocking(writing, False)
    lines = StandardInput(1_000, reading)
    os.write(writing, b"first\n")
    await anext(lines)
    written = 0
    with contextlib.suppress(BlockingIOError):
        while written < 1 << 22:
            written += os.write(writing, b"x" * 99 + b"\n")
            await asyncio.sleep(0)
    # The pipe is full: what was read of it is a few times what a line may be, or one read.
    assert written < 10 * (1 << 16)
    os.set_blocking(writing, True)
    taken = 0
    while taken < written:
        taken += len(await anext(lines))
    assert taken == written


async def test_a_line_may_be_only_so_long(pipe: Pipe) -> None:
    reading, writing = pipe
    lines = StandardInput(1_000, reading)
    os.write(writing, b"x" * 5_000 + b"\n")
    with pytest.raises(ResourceExhaustedError, match="longer than 1000 bytes"):
        await anext(lines)
