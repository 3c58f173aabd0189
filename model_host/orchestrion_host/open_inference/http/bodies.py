"""Bodies of HTTP: bounded, unpacked and packed without holding the loop, and given up when the client leaves."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from starlette.requests import ClientDisconnect, Request

from orchestrion.errors import OrchestrionError, Reason

T = TypeVar("T")

# How zlib names the two forms: deflate is zlib's own, as HTTP means it.
_FORMS: Final = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
_LEAST_PACKED: Final = 1 << 10
_ON_THE_LOOP: Final = 64 << 10


async def read(request: Request, limit: int) -> bytes:
    """Returns a body, unpacked.

    Raises:
        ResourceExhaustedError: MESSAGE_TOO_LARGE: it has more than `limit` bytes, packed or unpacked.
        InvalidArgumentError: INVALID_FIELD: it is packed in another way than it says, or in one that is not served.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise _too_large(limit)
    pieces: list[bytes] = []
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > limit:
            raise _too_large(limit)
        pieces.append(piece)
    content = b"".join(pieces)
    coding = request.headers.get("content-encoding", "identity").strip().casefold()
    if coding in ("", "identity"):
        return content
    if coding not in _FORMS:
        text = f"Content-Encoding: {coding[:40]!r} is not served; gzip and deflate are."
        raise Reason.INVALID_FIELD.error(text, field="Content-Encoding")
    return await asyncio.to_thread(_unpacked, content, _FORMS[coding], limit)


async def packed(content: bytes, accepted: str) -> tuple[bytes, str]:
    """Packs an answer in a way that the client takes.

    Args:
        content: The answer.
        accepted: The header `Accept-Encoding`.

    Returns:
        The answer, and the name of the way; empty for none.
    """
    names = {item.partition(";")[0].strip().casefold() for item in accepted.split(",")}
    name = next((name for name in _FORMS if name in names), "")
    if not name or len(content) < _LEAST_PACKED:
        return content, ""
    if len(content) <= _ON_THE_LOOP:
        return _packed(content, _FORMS[name]), name
    return await asyncio.to_thread(_packed, content, _FORMS[name]), name


async def unless_left(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Returns what work returns, and cancels it when the client leaves before; the body must have been read.

    Raises:
        ClientDisconnect: The client left.
    """
    working, leaving = asyncio.create_task(work), asyncio.create_task(_left(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _unpacked(content: bytes, form: int, limit: int) -> bytes:
    unpacking = zlib.decompressobj(form)
    try:
        unpacked = unpacking.decompress(content, limit + 1)
    except zlib.error as error:
        text = f"Content-Encoding: the body is not packed as it says: {error}."
        raise Reason.INVALID_FIELD.error(text, field="Content-Encoding") from error
    if len(unpacked) > limit:
        raise _too_large(limit)
    if not unpacking.eof:
        raise Reason.INVALID_FIELD.error("Content-Encoding: the packed body breaks off.", field="Content-Encoding")
    return unpacked


def _packed(content: bytes, form: int) -> bytes:
    packing = zlib.compressobj(1, zlib.DEFLATED, form)
    return packing.compress(content) + packing.flush()


def _too_large(limit: int) -> OrchestrionError:
    text = f"The body is larger than the {limit} bytes that this host takes; the setting max_message_bytes allows more."
    return Reason.MESSAGE_TOO_LARGE.error(text, field="body")
