"""A scripted language model behind an OpenAI-compatible HTTP endpoint, streamed. Standard library only.

Tests start it in their own process (`async with LLMServer(script) as server`), benchmarks as a process of its own:

    python tests/llm_server.py --port 0 [--script FILE] [--plan FILE] [--answer TEXT] [--tokens-per-second N]

It prints `ready http://127.0.0.1:PORT/v1` once it listens. The replies of the script are given in order; when there
are none left, or without a script, calls that ask for a plan get the canned plan, others the canned answer, at once.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Self

CHARACTERS_PER_TOKEN = 4
CANNED_PLAN = {
    "tasks": [{"id": "speak", "type": "text-to-speech", "inputs": {"text": {"text": "hello"}}}],
    "noTaskReason": "",
}
CANNED_ANSWER = "Done."


@dataclass(frozen=True)
class Reply:
    """What the model says to one call."""

    content: str = ""
    tokens_per_second: float | None = None
    """How fast it writes; None writes everything in pieces of 64 characters, at once."""
    delay_ms: float = 0.0
    """How long it thinks before the first token."""
    finish_reason: str = "stop"
    refusal: str = ""
    cut_after: int | None = None
    """Ends the stream after so many characters without saying that it ended."""
    drop_after: int | None = None
    """Breaks the connection after so many characters."""
    status: int = 200
    """Another one answers with an error instead."""
    error: str = "scripted error"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """What the server was asked."""

    body: Mapping[str, Any]
    headers: Mapping[str, str]

    @property
    def asks_for_plan(self) -> bool:
        """Whether a planner asks: it wants JSON, or speaks of tasks in its instructions."""
        system = next((item["content"] for item in self.body["messages"] if item["role"] == "system"), "")
        return "response_format" in self.body or '"tasks"' in system

    @property
    def format(self) -> str:
        """The type of response format asked for; empty without one."""
        return str(self.body.get("response_format", {}).get("type", ""))


class LLMServer:
    """The server. `calls` has what it was asked; a call sets `called`, a client that leaves in a reply `dropped`."""

    def __init__(
        self,
        script: Iterable[Reply | str] = (),
        *,
        refuses: Iterable[str] = (),
        plan: Mapping[str, Any] | str = CANNED_PLAN,
        answer: str = CANNED_ANSWER,
        tokens_per_second: float | None = None,
    ) -> None:
        """Prepares a server.

        Args:
            script: The replies, in order.
            refuses: Fields that it answers with HTTP 400: `json_schema`, `json_object`, `stream_options`.
            plan: What it plans when the script has ended.
            answer: What it answers then.
            tokens_per_second: How fast it writes then; None for at once.
        """
        self.calls: list[Call] = []
        self.called = asyncio.Event()
        self.dropped = asyncio.Event()
        self.base_url = ""
        self._script: Iterator[Reply | str] = iter(tuple(script))
        self._refuses = frozenset(refuses)
        self._plan = plan if isinstance(plan, str) else json.dumps(plan)
        self._answer = answer
        self._tokens_per_second = tokens_per_second
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self, port: int = 0) -> None:
        """Listens on 127.0.0.1."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", port)
        self.base_url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/v1"

    async def stop(self) -> None:
        """Closes every connection."""
        if self._server:
            self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        if self._server:
            await self._server.wait_closed()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.current_task()
        assert connection is not None
        self._connections.add(connection)
        try:
            while call := await _read_call(reader):
                self.calls.append(call)
                self.called.set()
                await self._answer_call(call, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        except asyncio.CancelledError:
            # asyncio.streams logs a connection's task that was cancelled as an error.
            pass
        finally:
            self._connections.discard(connection)
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _answer_call(self, call: Call, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        refused = self._refused(call)
        reply = Reply(status=400, error=f"{refused} is not supported") if refused else self._next_reply(call)
        if reply.status != 200:
            body = json.dumps({"error": {"message": reply.error, "type": "scripted", "code": None}}).encode()
            _write_head(writer, reply.status, {"content-length": str(len(body)), **reply.headers})
            writer.write(body)
            await writer.drain()
            return
        # A client that leaves is noticed at once, not at the next token.
        left = asyncio.create_task(_closed_by_client(reader))
        written = asyncio.create_task(self._stream(call, reply, writer))
        done, _ = await asyncio.wait({left, written}, return_when=asyncio.FIRST_COMPLETED)
        whole = written in done and written.exception() is None
        for task in (left, written):
            task.cancel()
        await asyncio.gather(left, written, return_exceptions=True)
        if not whole:
            self.dropped.set()
        if not whole or reply.drop_after is not None:
            raise ConnectionResetError

    def _refused(self, call: Call) -> str:
        asked = {call.format, "stream_options" if "stream_options" in call.body else ""}
        return next(iter(sorted(asked & self._refuses)), "")

    def _next_reply(self, call: Call) -> Reply:
        scripted = next(self._script, None)
        if scripted is not None:
            return Reply(scripted) if isinstance(scripted, str) else scripted
        content = self._plan if call.asks_for_plan else self._answer
        return Reply(content, tokens_per_second=self._tokens_per_second)

    async def _stream(self, call: Call, reply: Reply, writer: asyncio.StreamWriter) -> None:
        _write_head(writer, 200, {"content-type": "text/event-stream", "transfer-encoding": "chunked", **reply.headers})
        await asyncio.sleep(reply.delay_ms / 1000)
        stop = reply.cut_after if reply.drop_after is None else reply.drop_after
        content = reply.content if stop is None else reply.content[:stop]
        size = CHARACTERS_PER_TOKEN if reply.tokens_per_second else 64
        for start in range(0, len(content), size):
            _write_event(writer, _chunk(call, {"content": content[start : start + size]}))
            if reply.tokens_per_second:
                await writer.drain()
                await asyncio.sleep(1 / reply.tokens_per_second)
        if reply.drop_after is not None:
            await writer.drain()
            return
        if reply.cut_after is None:
            if reply.refusal:
                _write_event(writer, _chunk(call, {"refusal": reply.refusal}))
            _write_event(writer, _chunk(call, {}, finish_reason=reply.finish_reason))
            if "stream_options" in call.body:
                _write_event(writer, _usage(call, content))
            _write_chunk(writer, b"data: [DONE]\n\n")
        writer.write(b"0\r\n\r\n")
        await writer.drain()


async def _closed_by_client(reader: asyncio.StreamReader) -> None:
    # Reading would notice at once, but could take the first byte of the next call; a reader has no event for its end.
    while not reader.at_eof() and reader.exception() is None:  # noqa: ASYNC110
        await asyncio.sleep(0.005)


async def _read_call(reader: asyncio.StreamReader) -> Call | None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Call(json.loads(body or b'{"messages": []}'), headers)


def _write_head(writer: asyncio.StreamWriter, status: int, headers: Mapping[str, str]) -> None:
    lines = [f"HTTP/1.1 {status} Scripted", *(f"{name}: {value}" for name, value in headers.items())]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))


def _write_event(writer: asyncio.StreamWriter, data: Mapping[str, Any]) -> None:
    _write_chunk(writer, b"data: " + json.dumps(data).encode() + b"\n\n")


def _write_chunk(writer: asyncio.StreamWriter, content: bytes) -> None:
    writer.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")


def _chunk(call: Call, delta: Mapping[str, str], finish_reason: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return {**_frame(call), "choices": [choice]}


def _usage(call: Call, content: str) -> dict[str, Any]:
    prompt = sum(len(message["content"]) for message in call.body["messages"]) // CHARACTERS_PER_TOKEN
    written = -(-len(content) // CHARACTERS_PER_TOKEN)
    usage = {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written}
    return {**_frame(call), "choices": [], "usage": usage}


def _frame(call: Call) -> dict[str, Any]:
    return {"id": "scripted", "object": "chat.completion.chunk", "created": 0, "model": call.body.get("model", "")}


def _replies(path: Path) -> list[Reply]:
    """Reads a script: a JSON list of texts, and of objects with the fields of Reply."""
    names = {item.name for item in fields(Reply)}
    replies = []
    for item in json.loads(path.read_text("utf-8")):
        data = {"content": item} if isinstance(item, str) else item
        if unknown := set(data) - names:
            raise SystemExit(f"{path}: unknown fields {sorted(unknown)}; there are {sorted(names)}")
        replies.append(Reply(**data))
    return replies


async def _serve(arguments: argparse.Namespace) -> None:
    server = LLMServer(
        _replies(arguments.script) if arguments.script else (),
        refuses=arguments.refuses,
        plan=arguments.plan.read_text("utf-8") if arguments.plan else CANNED_PLAN,
        answer=arguments.answer,
        tokens_per_second=arguments.tokens_per_second,
    )
    await server.start(arguments.port)
    print(f"ready {server.base_url}", flush=True)
    await asyncio.Event().wait()


def main() -> None:
    """Serves until it is stopped."""
    parser = argparse.ArgumentParser(description="A scripted, OpenAI-compatible language model.")
    parser.add_argument("--port", type=int, default=0, help="the port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--script", type=Path, help="a JSON list of replies")
    parser.add_argument("--plan", type=Path, help="the plan for calls that ask for one (proto3 JSON)")
    parser.add_argument("--answer", default=CANNED_ANSWER, help="the reply to all other calls")
    parser.add_argument("--tokens-per-second", type=float, help="how fast it writes; at once when left out")
    parser.add_argument("--refuses", nargs="*", default=[], help="json_schema, json_object, stream_options")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
