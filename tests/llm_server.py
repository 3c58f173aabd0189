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
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Self

from orchestrion.values import JsonObject

CHARACTERS_PER_TOKEN = 4
CANNED_PLAN = {
    "tasks": [{"id": "speak", "type": "text-to-speech", "inputs": {"text": {"text": "hello"}}}],
    "noTaskReason": "",
}
CANNED_ANSWER = "Done."

Beside = JsonObject | Callable[[JsonObject], JsonObject | None]
"""An answer as JSON, or what makes one of the call's body; None for a path that is not there."""


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
    error_fields: JsonObject = field(default_factory=dict)
    """Further fields of the error's JSON."""
    headers: Mapping[str, str] = field(default_factory=dict)
    pause_after: int | None = None
    """Stops after so many characters until the server's `resume` is called."""
    role_first: bool = False
    """Begins with a chunk that only tells whose turn it is, as most endpoints do."""
    streamed: bool = True
    """False gives the whole reply as one JSON object, as endpoints do that cannot stream."""
    stall_after: int | None = None
    """Says nothing more after so many characters, but for comments that keep the connection alive."""


@dataclass(frozen=True)
class Call:
    """What the server was asked."""

    body: JsonObject
    headers: Mapping[str, str]
    path: str = "/v1/chat/completions"
    method: str = "POST"

    @property
    def is_chat(self) -> bool:
        """Whether a reply is wanted; other calls ask about the model."""
        return self.path == "/v1/chat/completions"

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
    """The server. `calls` has the chats that it was asked for, `side_calls` what else; a chat sets `called`, a client
    that leaves in a reply `dropped`.
    """

    def __init__(
        self,
        script: Iterable[Reply | str] = (),
        *,
        refuses: Iterable[str] = (),
        plan: JsonObject | str = CANNED_PLAN,
        answer: str = CANNED_ANSWER,
        tokens_per_second: float | None = None,
        beside: Mapping[str, Beside] | None = None,
        most_tokens: int | None = None,
    ) -> None:
        """Prepares a server.

        Args:
            script: The replies, in order.
            refuses: What it answers with HTTP 400: `json_schema`, `json_object`, `stream_options`, `temperature`.
            plan: What it plans when the script has ended.
            answer: What it answers then.
            tokens_per_second: How fast it writes then; None for at once.
            beside: What it answers at other paths, such as `/v1/models` and `/tokenize`; 404 at all others.
            most_tokens: Chats with a longer prompt are refused, as OpenAI and vLLM do; None for none.
        """
        self.calls: list[Call] = []
        self.side_calls: list[Call] = []
        self.called = asyncio.Event()
        self.dropped = asyncio.Event()
        self.base_url = ""
        self._script: Iterator[Reply | str] = iter(tuple(script))
        self._refuses = frozenset(refuses)
        self._plan = plan if isinstance(plan, str) else json.dumps(plan)
        self._answer = answer
        self._tokens_per_second = tokens_per_second
        self._beside = beside or {}
        self._most_tokens = most_tokens
        self._resumed = asyncio.Event()
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

    def resume(self) -> None:
        """Lets replies go on that paused."""
        self._resumed.set()

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
                if not call.is_chat:
                    self.side_calls.append(call)
                    await self._answer_beside(call, writer)
                    continue
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

    async def _answer_beside(self, call: Call, writer: asyncio.StreamWriter) -> None:
        answer = self._beside.get(call.path)
        data = answer(call.body) if callable(answer) else answer
        body = json.dumps({"error": {"message": "not found"}} if data is None else data).encode()
        head = {"content-type": "application/json", "content-length": str(len(body))}
        _write_head(writer, 404 if data is None else 200, head)
        writer.write(body)
        await writer.drain()

    async def _answer_call(self, call: Call, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        refused = self._refused(call)
        reply = Reply(status=400, error=f"{refused} is not supported") if refused else self._next_reply(call)
        if self._most_tokens is not None and (count := prompt_tokens(call.body)) > self._most_tokens:
            error = f"This model's maximum context length is {self._most_tokens} tokens. However, your messages "
            error += f"resulted in {count} tokens."
            reply = Reply(status=400, error=error, error_fields={"code": "context_length_exceeded"})
        if reply.status != 200:
            error_body = {"message": reply.error, "type": "scripted", "code": None, **reply.error_fields}
            body = json.dumps({"error": error_body}).encode()
            _write_head(writer, reply.status, {"content-length": str(len(body)), **reply.headers})
            writer.write(body)
            await writer.drain()
            return
        if not reply.streamed:
            choice = {"index": 0, "message": {"role": "assistant", "content": reply.content}, "finish_reason": "stop"}
            usage = _usage(call, reply.content)["usage"]
            body = json.dumps({**_frame(call), "choices": [choice], "usage": usage}).encode()
            _write_head(writer, 200, {"content-type": "application/json", "content-length": str(len(body))})
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
        fields = {call.format, *call.body}
        return next(iter(sorted(fields & self._refuses)), "")

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
        stops = [len(content) if stop is None else stop for stop in (reply.pause_after, reply.stall_after)]
        if reply.role_first:
            _write_event(writer, _chunk(call, {"role": "assistant", "content": ""}))
        for start, end in _pieces(len(content), size, stops):
            if reply.pause_after is not None and start == reply.pause_after:
                await writer.drain()
                await self._resumed.wait()
            if reply.stall_after is not None and start == reply.stall_after:
                await _keep_alive(writer)
            _write_event(writer, _chunk(call, {"content": content[start:end]}))
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


def prompt_tokens(body: JsonObject) -> int:
    """Counts tokens as this model has them: four characters each."""
    return sum(len(message["content"]) for message in body["messages"]) // CHARACTERS_PER_TOKEN


def _pieces(length: int, size: int, stops: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Cuts a text into pieces of a size, and where it stops."""
    cuts = sorted({*range(0, length, size), *(stop for stop in stops if 0 <= stop < length), length})
    return itertools.pairwise(cuts)


async def _keep_alive(writer: asyncio.StreamWriter) -> None:
    """Says nothing, for ever; proxies send such comments so that nobody takes the connection for dead."""
    while True:
        _write_chunk(writer, b": still here\n\n")
        await writer.drain()
        await asyncio.sleep(0.02)


async def _closed_by_client(reader: asyncio.StreamReader) -> None:
    # Reading would notice at once, but could take the first byte of the next call; a reader has no event for its end.
    while not reader.at_eof() and reader.exception() is None:  # noqa: ASYNC110
        await asyncio.sleep(0.005)


async def _read_call(reader: asyncio.StreamReader) -> Call | None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    method, path, *_ = head[0].split(" ")
    return Call(json.loads(body or b'{"messages": []}'), headers, path, method)


def _write_head(writer: asyncio.StreamWriter, status: int, headers: Mapping[str, str]) -> None:
    lines = [f"HTTP/1.1 {status} Scripted", *(f"{name}: {value}" for name, value in headers.items())]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))


def _write_event(writer: asyncio.StreamWriter, data: JsonObject) -> None:
    _write_chunk(writer, b"data: " + json.dumps(data).encode() + b"\n\n")


def _write_chunk(writer: asyncio.StreamWriter, content: bytes) -> None:
    writer.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")


def _chunk(call: Call, delta: Mapping[str, str], finish_reason: str | None = None) -> JsonObject:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return {**_frame(call), "choices": [choice]}


def _usage(call: Call, content: str) -> JsonObject:
    prompt = prompt_tokens(call.body)
    written = -(-len(content) // CHARACTERS_PER_TOKEN)
    usage = {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written}
    return {**_frame(call), "choices": [], "usage": usage}


def _frame(call: Call) -> JsonObject:
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
    parser.add_argument(
        "--refuses", nargs="*", default=[], help="json_schema, json_object, stream_options, temperature"
    )
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    main()
