"""Responses that go on: what they read is closed at the moment at which nobody reads them any more."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, TypeVar

from fastapi.responses import StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from orchestrion import OrchestrionError
from orchestrion_gateway.batches import batched
from orchestrion_gateway.errors import described

T = TypeVar("T")

EVENT_STREAM: Final = "text/event-stream"

FAILED: Final = "stream_failed"
"""The event that ends a stream which cannot go on; its data is the error."""

_FIRST_S: Final = 0.25
"""How long the first event is waited for before the response begins: what fails at once then has a status."""

_RECONNECT_MS: Final = 1_000


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """How streams of events go on and end."""

    keep_alive_s: float
    """How often they say that they go on, in seconds."""
    ending: asyncio.Event
    """Set when the gateway stops."""


class LiveResponse(StreamingResponse):
    """Sends what a generator yields; one reader, no queue: a slow one is read for as slowly.

    A reader that leaves ends it at once, whatever it waits for, and the generator is closed.
    """

    def __init__(
        self,
        chunks: AsyncGenerator[bytes, None],
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        media_type: str | None = None,
        *,
        close: Callable[[], Awaitable[None]] | None = None,
        settings: StreamSettings | None = None,
    ) -> None:
        """Makes the response.

        Args:
            chunks: What is sent.
            status: The status.
            headers: Further headers.
            media_type: The media type.
            close: Called in the end, also where no chunk was ever taken.
            settings: Those of a stream of events; None for other content, which has its own end.
        """
        super().__init__(chunks, status, headers, media_type)
        self._chunks, self._close, self._settings = chunks, close, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it, to its end or to that of its reader."""
        sending = asyncio.create_task(self.stream_response(send))
        beside = [asyncio.create_task(self.listen_for_disconnect(receive))]
        if self._settings is not None:
            beside.append(asyncio.create_task(_keep_alive(send, self._settings.keep_alive_s)))
            beside.append(asyncio.create_task(_until(self._settings.ending)))
        try:
            await asyncio.wait({sending, *beside}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            sending.cancel()
            for task in beside:
                task.cancel()
            await asyncio.gather(sending, *beside, return_exceptions=True)
            await self._chunks.aclose()
            if self._close is not None:
                await self._close()
        if sending.cancelled() and self._settings is not None and self._settings.ending.is_set():
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def event_stream(
    source: AsyncGenerator[T, None],
    frame: Callable[[T], bytes],
    settings: StreamSettings,
    *,
    is_last: Callable[[T], bool] = lambda _: False,
) -> Response:
    """Makes a response of server-sent events; without any, 204, which tells browsers not to come back.

    Args:
        source: What happens; closed with the response.
        frame: Writes one item, as `framed` does.
        settings: How the stream goes on and ends.
        is_last: Whether nothing follows an item.

    Raises:
        OrchestrionError: The source failed at once.
    """
    first: asyncio.Task[T | None] = asyncio.create_task(_next(source))

    async def close() -> None:
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await source.aclose()

    try:
        await asyncio.wait({first}, timeout=_FIRST_S)
        if first.done() and first.result() is None:
            await close()
            return Response(status_code=204)
    except BaseException:
        await close()
        raise
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    chunks = _begun(batched(_frames(source, first, frame, is_last)), first)
    return LiveResponse(chunks, 200, headers, EVENT_STREAM, close=close, settings=settings)


def framed(name: str, data: str, number: int = 0) -> bytes:
    """Writes one event; without a number it has no id, so that a browser that comes back names the numbered one before.

    Args:
        name: What it is called.
        data: Its JSON.
        number: Its number in a log; 0 for none.
    """
    return format_sse_event(data_str=data, event=name, id=str(number) if number else None)


async def _begun(chunks: AsyncGenerator[bytes, None], first: asyncio.Task[T | None]) -> AsyncGenerator[bytes, None]:
    """Yields what a stream begins with in one piece with its first event; by itself where that is not there yet."""
    begin = format_sse_event(retry=_RECONNECT_MS)
    async with aclosing(chunks):
        if not first.done():
            yield begin
            begin = b""
        async for chunk in chunks:
            yield begin + chunk
            begin = b""


async def _frames(
    source: AsyncGenerator[T, None],
    first: asyncio.Task[T | None],
    frame: Callable[[T], bytes],
    is_last: Callable[[T], bool],
) -> AsyncGenerator[bytes, None]:
    try:
        item = await first
        while item is not None:
            yield frame(item)
            if is_last(item):
                return
            item = await _next(source)
    except OrchestrionError as error:
        yield framed(FAILED, json.dumps(described(error), ensure_ascii=False))


async def _next(source: AsyncGenerator[T, None]) -> T | None:
    return await anext(source, None)


async def _keep_alive(send: Send, interval_s: float) -> None:
    while True:
        await asyncio.sleep(interval_s)
        await send({"type": "http.response.body", "body": KEEPALIVE_COMMENT, "more_body": True})


async def _until(event: asyncio.Event) -> None:
    await event.wait()
