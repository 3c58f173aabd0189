"""What callers send: bounded, never held whole where it may be large, and given up when they leave."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, BinaryIO, Final, TypeVar, cast

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from orchestrion import OrchestrionError, Reason

T = TypeVar("T")

_WRITTEN_AT_ONCE: Final = 1 << 20


async def read_json(request: Request, limit: int) -> str:
    """Returns the text of a body that is JSON; empty where there is none.

    Raises:
        HTTPException: The body is said to be something else: forms of other sites can send that.
        ResourceExhaustedError: It has more than `limit` bytes.
        InvalidArgumentError: It is not in UTF-8.
    """
    pieces = [piece async for piece in Request(request.scope, _bounded(request, limit, _too_large)).stream()]
    content = b"".join(pieces)
    media_type = media_type_of(request)
    if content and media_type != "application/json" and not media_type.endswith("+json"):
        detail = f"The body must be JSON and say so: Content-Type: application/json, not {media_type or 'none'}"
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Reason.INVALID_FIELD.error(f"The body is no UTF-8 (byte {error.start}).", field="body") from error


@asynccontextmanager
async def kept(request: Request, limit: int) -> AsyncGenerator[BinaryIO, None]:
    """Keeps a body in a file without a name while it is used: a slow browser then holds a file, and nothing else.

    Raises:
        ResourceExhaustedError: It has more than `limit` bytes, or the disk is full.
        ClientDisconnect: The caller left before its end.
    """
    with tempfile.TemporaryFile() as file:
        pending = bytearray()
        async for piece in Request(request.scope, _bounded(request, limit, _upload_too_large)).stream():
            pending += piece
            if len(pending) >= _WRITTEN_AT_ONCE:
                await _write(file, pending)
                pending = bytearray()
        await _write(file, pending)
        file.seek(0)
        yield cast(BinaryIO, file)


def bounded_form(request: Request, limit: int) -> Request:
    """Returns a request whose form has at most `limit` bytes, all its files together."""
    return Request(request.scope, _bounded(request, limit, _upload_too_large))


def media_type_of(request: Request) -> str:
    """Returns the media type that a body is said to have, without parameters, in lower case; empty for none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().casefold()


async def unless_left(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Returns what work returns, and cancels it when the caller leaves before; the body must have been read.

    Raises:
        ClientDisconnect: The caller left.
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


def _bounded(request: Request, limit: int, error: Any) -> Receive:
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise error(limit)
    received = 0

    async def receive() -> Message:
        nonlocal received
        message = await request.receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise error(limit)
        return message

    return receive


def _too_large(limit: int) -> OrchestrionError:
    return Reason.MESSAGE_TOO_LARGE.error(
        f"The body is larger than the {limit} bytes that the gateway takes; files are uploaded as artifacts.",
        field="body",
    )


def _upload_too_large(limit: int) -> OrchestrionError:
    return Reason.ARTIFACT_TOO_LARGE.error(
        f"The upload is larger than the {limit} bytes that the gateway takes (--max-upload-bytes).", field="body"
    )


async def _write(file: Any, content: bytes | bytearray) -> None:
    try:
        await asyncio.to_thread(file.write, content)
    except OSError as error:
        raise Reason.STORAGE_FULL.error(f"The gateway cannot keep the upload: {error.strerror or error}.") from error
