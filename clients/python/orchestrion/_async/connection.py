"""How an `Rpc` is carried out under asyncio: `orchestrion._sync.connection`, awaited."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from orchestrion._net.endpoint import Endpoint
from orchestrion._net.resumption import Resumption
from orchestrion._net.retries import Attempts, Retrier, RetryPolicy
from orchestrion._net.transfers import Upload
from orchestrion._net.watchdog import idle_error
from orchestrion._rpcs.rpc import Rpc
from orchestrion.errors import OrchestrionError, Reason

T = TypeVar("T")


class AsyncConnection:
    """A connection to a controller that belongs to one event loop."""

    def __init__(self, endpoint: Endpoint, policy: RetryPolicy) -> None:
        """Prepares the connection."""
        self._endpoint, self._policy = endpoint, policy
        self._retrier = Retrier(policy)
        self._closed = asyncio.Event()
        self._opened: grpc.aio.Channel | None = None

    async def unary(self, rpc: Rpc[T], timeout: float | None) -> T:
        """Sends one message, and returns the one answer; no timeout is the client's own."""
        attempts = self._retrier.attempts(rpc.path, self._policy.timeout if timeout is None else timeout)
        while True:
            try:
                with self._errors():
                    answer = await self._method("unary_unary", rpc)(rpc.request, timeout=attempts.start())
            except OrchestrionError as error:
                if attempts.is_done(error):
                    return rpc.read(rpc.answer())
                delay = attempts.delay_after(error)
            else:
                attempts.succeeded()
                return rpc.read(answer)
            await self._pause(delay)

    async def stream(
        self, stream: Resumption[T], timeout: float | None, *, idle_s: float | None = None
    ) -> AsyncGenerator[T, None]:
        """Yields what a stream brings, over as many connections as it takes; closing the generator cancels the call."""
        attempts = self._retrier.attempts(stream.rpc.path, timeout)
        while True:
            async with contextlib.aclosing(self._answers(stream.rpc, attempts, idle_s)) as answers:
                while True:
                    try:
                        answer = await anext(answers)
                    except StopAsyncIteration:
                        delay = stream.ended(None, attempts.delay_after)
                        break
                    except OrchestrionError as error:
                        delay = stream.ended(error, attempts.delay_after)
                        break
                    for item in stream.take(answer):
                        yield item
            if delay is None:
                return
            await self._pause(delay)

    async def send(self, rpc: Rpc[T], upload: Upload, timeout: float | None) -> T:
        """Sends one message and the chunks of an upload after it, which a thread reads, and returns the one answer."""
        attempts = self._retrier.attempts(rpc.path, timeout)
        while True:
            try:
                answer = await self._send(rpc, upload.chunks(), attempts)
            except OrchestrionError as error:
                delay = attempts.delay_after(error, resendable=upload.rewindable)
            else:
                attempts.succeeded()
                return answer
            await self._pause(delay)

    async def close(self) -> None:
        """Ends the calls that go on, and the connection."""
        self._closed.set()
        if self._opened is not None:
            await self._opened.close()

    async def _answers(self, rpc: Rpc[T], attempts: Attempts, idle_s: float | None) -> AsyncGenerator[T, None]:
        answers = self._method("unary_stream", rpc)(rpc.request, timeout=attempts.start())
        messages = aiter(answers)
        try:
            while True:
                async with _idle_limit(idle_s, self._endpoint):
                    with self._errors():
                        try:
                            answer = await anext(messages)
                        except StopAsyncIteration:
                            return
                attempts.succeeded()
                yield rpc.read(answer)
        finally:
            answers.cancel()

    async def _send(self, rpc: Rpc[T], chunks: Iterator[Message], attempts: Attempts) -> T:
        idle_s, loop = self._policy.idle_timeout, asyncio.get_running_loop()
        async with _idle_limit(idle_s, self._endpoint) as limit:

            async def with_heartbeats() -> AsyncIterator[Message]:
                messages = itertools.chain((rpc.request,), chunks)
                while (message := await asyncio.to_thread(next, messages, None)) is not None:
                    limit.reschedule(loop.time() + idle_s)
                    yield message

            with self._errors():
                return rpc.read(await self._method("stream_unary", rpc)(with_heartbeats(), timeout=attempts.start()))

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

    def _method(self, kind: str, rpc: Rpc[Any]) -> Any:
        if self._closed.is_set():
            raise _closed()
        # Made at the first call: the loop runs only then.
        if self._opened is None:
            self._opened = grpc.aio.insecure_channel(self._endpoint.address, options=self._endpoint.options())
        return getattr(self._opened, kind)(rpc.path, type(rpc.request).SerializeToString, rpc.answer.FromString)

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
