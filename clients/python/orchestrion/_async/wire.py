"""How a `Call` is carried out under asyncio: `orchestrion._sync.wire`, awaited."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from orchestrion._net.calls import Call
from orchestrion._net.connection import Endpoint
from orchestrion._net.idling import idle_error
from orchestrion._net.resumption import Resumption
from orchestrion._net.retries import Patience, Retries, Tries
from orchestrion._net.transfers import Upload
from orchestrion.errors import OrchestrionError, Reason

T = TypeVar("T")


class AsyncWire:
    """A connection to a controller that belongs to one event loop."""

    def __init__(self, endpoint: Endpoint, patience: Patience) -> None:
        """Prepares the connection."""
        self._endpoint, self._patience = endpoint, patience
        self._retries = Retries(patience)
        self._closed = asyncio.Event()
        self._opened: grpc.aio.Channel | None = None

    async def unary(self, call: Call[T], timeout: float | None) -> T:
        """Sends one message, and returns the one answer; no timeout is the client's own."""
        tries = self._retries.tries(call.path, self._patience.timeout if timeout is None else timeout)
        while True:
            try:
                with self._errors():
                    answer = await self._method("unary_unary", call)(call.request, timeout=tries.start())
            except OrchestrionError as error:
                if tries.is_done(error):
                    return call.read(call.answer())
                delay = tries.after(error)
            else:
                tries.answered()
                return call.read(answer)
            await self._pause(delay)

    async def stream(
        self, stream: Resumption[T], timeout: float | None, *, idle_s: float | None = None
    ) -> AsyncGenerator[T, None]:
        """Yields what a stream brings, over as many connections as it takes; closing the generator cancels the call."""
        tries = self._retries.tries(stream.call.path, timeout)
        while True:
            async with contextlib.aclosing(self._answers(stream.call, tries, idle_s)) as answers:
                while True:
                    try:
                        answer = await anext(answers)
                    except StopAsyncIteration:
                        delay = stream.ended(None, tries.after)
                        break
                    except OrchestrionError as error:
                        delay = stream.ended(error, tries.after)
                        break
                    for news in stream.take(answer):
                        yield news
            if delay is None:
                return
            await self._pause(delay)

    async def send(self, call: Call[T], upload: Upload, timeout: float | None) -> T:
        """Sends one message and the chunks of an upload after it, which a thread reads, and returns the one answer."""
        tries = self._retries.tries(call.path, timeout)
        while True:
            try:
                answer = await self._send(call, upload.chunks(), tries)
            except OrchestrionError as error:
                delay = tries.after(error, again=upload.rewindable)
            else:
                tries.answered()
                return answer
            await self._pause(delay)

    async def close(self) -> None:
        """Ends the calls that go on, and the connection."""
        self._closed.set()
        if self._opened is not None:
            await self._opened.close()

    async def _answers(self, call: Call[T], tries: Tries, idle_s: float | None) -> AsyncGenerator[T, None]:
        answers = self._method("unary_stream", call)(call.request, timeout=tries.start())
        messages = aiter(answers)
        try:
            while True:
                async with _idle_limit(idle_s, self._endpoint):
                    with self._errors():
                        try:
                            answer = await anext(messages)
                        except StopAsyncIteration:
                            return
                tries.answered()
                yield call.read(answer)
        finally:
            answers.cancel()

    async def _send(self, call: Call[T], chunks: Iterator[Message], tries: Tries) -> T:
        idle_s, loop = self._patience.idle_timeout, asyncio.get_running_loop()
        async with _idle_limit(idle_s, self._endpoint) as limit:

            async def beating() -> AsyncIterator[Message]:
                messages = itertools.chain((call.request,), chunks)
                while (message := await asyncio.to_thread(next, messages, None)) is not None:
                    limit.reschedule(loop.time() + idle_s)
                    yield message

            with self._errors():
                return call.read(await self._method("stream_unary", call)(beating(), timeout=tries.start()))

    @contextlib.contextmanager
    def _errors(self) -> Generator[None, None, None]:
        try:
            yield
        except grpc.RpcError as failure:
            raise self._endpoint.error_of(failure) from failure
        except asyncio.CancelledError:
            # gRPC ends the calls of a channel that is closed like those of a task that is cancelled.
            task = asyncio.current_task()
            if not self._closed.is_set() or (task is not None and task.cancelling()):
                raise
            raise _closed() from None

    def _method(self, kind: str, call: Call[Any]) -> Any:
        if self._closed.is_set():
            raise _closed()
        # Made at the first call, since only then the loop is known.
        if self._opened is None:
            self._opened = grpc.aio.insecure_channel(self._endpoint.address, options=self._endpoint.options())
        return getattr(self._opened, kind)(call.path, type(call.request).SerializeToString, call.answer.FromString)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closed.wait()
                raise _closed()


@contextlib.asynccontextmanager
async def _idle_limit(idle_s: float | None, endpoint: Endpoint) -> AsyncGenerator[asyncio.Timeout, None]:
    try:
        async with asyncio.timeout(idle_s) as limit:
            yield limit
    except TimeoutError as error:
        if idle_s is None or not limit.expired():
            raise
        raise idle_error(idle_s, endpoint.address) from error


def _closed() -> OrchestrionError:
    return Reason.CANCELLED.error("The client was closed.")
