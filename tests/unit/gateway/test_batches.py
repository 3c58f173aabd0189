"""How pieces of a stream are joined: at once after a pause, together when they come close, bounded, and in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from orchestrion_gateway.batches import batched

NEVER_S = 3600.0


class Source:
    """Brings pieces as fast as they are read, and says how far it was read and whether it was closed."""

    def __init__(self, *pieces: bytes, error: Exception | None = None, goes_on: bool = False) -> None:
        self._pieces, self._error, self._goes_on = pieces, error, goes_on
        self.brought = 0
        self.closed = False

    async def read(self) -> AsyncGenerator[bytes, None]:
        try:
            for piece in self._pieces:
                self.brought += 1
                yield piece
            if self._error is not None:
                raise self._error
            if self._goes_on:
                await asyncio.Event().wait()
        finally:
            self.closed = True


async def collect(source: Source, interval_s: float, max_bytes: int = 100) -> list[bytes]:
    return [batch async for batch in batched(source.read(), interval_s, max_bytes)]


async def test_what_comes_within_the_interval_is_one_and_the_end_waits_for_nothing() -> None:
    source = Source(b"a", b"b", b"c", b"d")
    first, *rest = await collect(source, NEVER_S)
    assert b"".join((first, *rest)) == b"abcd"
    assert len(rest) <= 1
    assert source.closed


async def test_what_comes_after_a_pause_is_not_held_back() -> None:
    entered = asyncio.Event()

    async def pausing() -> AsyncGenerator[bytes, None]:
        yield b"a"
        await entered.wait()
        yield b"b"
        await asyncio.Event().wait()

    async with aclosing(batched(pausing(), 0.0)) as batches:
        assert await anext(batches) == b"a"
        entered.set()
        assert await anext(batches) == b"b"


async def test_a_reader_that_takes_nothing_is_read_for_no_further() -> None:
    source = Source(*[b"x"] * 50, goes_on=True)
    async with aclosing(batched(source.read(), NEVER_S, max_bytes=3)) as batches:
        taken = await anext(batches)
        while len(taken) < 20:
            # However long the interval is, what is full is due.
            taken += await anext(batches)
            assert source.brought <= len(taken) + 3
    assert source.closed


async def test_closing_it_closes_the_source_whatever_that_waits_for() -> None:
    source = Source(b"a", goes_on=True)
    async with aclosing(batched(source.read(), 0.0)) as batches:
        assert await anext(batches) == b"a"
        assert not source.closed
    assert source.closed


async def test_an_error_comes_after_what_was_brought_before_it() -> None:
    source = Source(b"a", b"b", error=OSError("gone"))
    batches = batched(source.read(), NEVER_S)
    taken = await anext(batches)
    while len(taken) < 2:
        taken += await anext(batches)
    assert taken == b"ab"
    with pytest.raises(OSError, match="gone"):
        await anext(batches)
    assert source.closed
