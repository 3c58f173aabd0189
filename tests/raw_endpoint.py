"""An OpenAI-compatible endpoint that answers with exactly the bytes that a test gives it, over real HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import json
import socket
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self


class Break(enum.Enum):
    """How a connection ends in the middle of an answer."""

    CLOSE = "closed without the answer's end"
    RESET = "reset"
    HOLD = "held open, and nothing more is said"


@dataclass(frozen=True)
class Answer:
    """What one call is answered."""

    pieces: tuple[bytes | Break, ...] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "text/event-stream"})


Script = Answer | Break | Callable[[dict[str, Any]], Answer]
"""An answer, how the connection ends before there is any, or what makes an answer of the call's body."""


def chunk(delta: object = None, finish: object = None, **more: object) -> bytes:
    """An event of a stream."""
    choice = {"index": 0, "delta": {} if delta is None else delta, "finish_reason": finish}
    return event({"id": "c", "object": "chat.completion.chunk", "choices": [choice], **more})


def event(data: object) -> bytes:
    """An event with this as its data: text as it is, anything else as JSON."""
    return b"data: " + (data if isinstance(data, str) else json.dumps(data)).encode() + b"\n\n"


DONE = event("[DONE]")
STOP = chunk(finish="stop")


def streamed(*pieces: bytes | Break | str, finish: object = "stop", **headers: str) -> Answer:
    """A stream of pieces; texts are contents. It ends as endpoints end streams, unless it breaks."""
    written = [chunk({"content": piece}) if isinstance(piece, str) else piece for piece in pieces]
    if not any(isinstance(piece, Break) for piece in pieces):
        written += [*([chunk(finish=finish)] if finish else []), DONE]
    return Answer(tuple(written), headers={"content-type": "text/event-stream", **headers})


def whole(data: object, status: int = 200, content_type: str = "application/json", **headers: str) -> Answer:
    """One JSON, or one text."""
    body = data.encode() if isinstance(data, str) else json.dumps(data).encode()
    return Answer((body,), status, {"content-type": content_type, "content-length": str(len(body)), **headers})


def message(content: object, finish: object = "stop", **more: object) -> dict[str, Any]:
    """A whole reply."""
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion", "choices": [choice], **more}


class RawEndpoint:
    """The endpoint; `bodies` has the calls that it got. The last answer of its script is repeated."""

    def __init__(self, *script: Script) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.base_url = ""
        self.was_called = asyncio.Event()
        self.left = asyncio.Event()
        """Whether a client left that it held."""
        self._script = script
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.base_url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.current_task()
        assert connection is not None
        self._connections.add(connection)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
                body = await reader.readexactly(int(fields.get("content-length", "0")))
                if not await self._answer(head.split(" ")[1], body, writer, reader):
                    break
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(connection)
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _answer(self, path: str, body: bytes, writer: asyncio.StreamWriter, reader: asyncio.StreamReader) -> bool:
        """Answers one call; returns whether the connection goes on."""
        answer: Script = whole({"error": {"message": "no such path"}}, 404)
        if path.partition("?")[0].endswith("/chat/completions"):
            self.bodies.append(json.loads(body))
            self.was_called.set()
            answer = self._script[min(len(self.bodies), len(self._script)) - 1]
        if isinstance(answer, Break):
            return await self._break(answer, writer, reader)
        if callable(answer):
            answer = answer(self.bodies[-1])
        is_chunked = "content-length" not in answer.headers
        lines = [f"HTTP/1.1 {answer.status} Scripted", *(f"{name}: {value}" for name, value in answer.headers.items())]
        lines += ["transfer-encoding: chunked"] if is_chunked else []
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        for piece in answer.pieces:
            if isinstance(piece, Break):
                return await self._break(piece, writer, reader)
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if is_chunked else piece)
            await writer.drain()
            await asyncio.sleep(0)  # Each piece by itself, as far as the network lets it.
        writer.write(b"0\r\n\r\n" if is_chunked else b"")
        await writer.drain()
        return True

    async def _break(self, how: Break, writer: asyncio.StreamWriter, reader: asyncio.StreamReader) -> bool:
        if how is Break.HOLD:
            await reader.read()  # Until the client leaves.
            self.left.set()
        elif how is Break.RESET:
            # Read before it is lost: a reset takes what is still on its way.
            await asyncio.sleep(0.05)
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        return False


def bytewise(answer: Answer) -> Answer:
    """The same answer, a byte at a time: each border of a chunk that there can be."""
    data = b"".join(piece for piece in answer.pieces if isinstance(piece, bytes))
    return Answer(tuple(bytes([byte]) for byte in data), answer.status, answer.headers)


def sized(answer: Answer, sizes: Iterable[int]) -> Answer:
    """The same answer, cut into pieces of these sizes, the last one with all the rest."""
    data = b"".join(piece for piece in answer.pieces if isinstance(piece, bytes))
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return Answer(tuple(filter(None, (*pieces, data))), answer.status, answer.headers)
