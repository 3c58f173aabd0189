"""How messages travel under asyncio: what differs from `orchestrion._sync.channel`, and nothing else.

What `grpc` raises ends here. Written by hand on both sides, with the same names and behaviour.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from typing import ParamSpec, TypeVar

import grpc
from google.protobuf.message import Message

from orchestrion._net.call_metadata import call_metadata
from orchestrion._net.endpoint import Endpoint, closed_error
from orchestrion._rpcs.rpc import Rpc, StreamRpc, UnaryRpc, UploadRpc

P = ParamSpec("P")
T = TypeVar("T")


class AsyncChannel:
    """A gRPC channel that belongs to one event loop."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Prepares the channel; the loop that it belongs to is that of its first call."""
        self._endpoint = endpoint
        self._closed = asyncio.Event()
        self._opened: grpc.aio.Channel | None = None

    async def unary(self, rpc: UnaryRpc[T], timeout: float | None) -> Message:
        """Sends one message, and returns the one answer."""
        with self._errors(rpc):
            call = self._open().unary_unary(rpc.path, type(rpc.request).SerializeToString, rpc.answer.FromString)
            return await call(rpc.request, timeout=timeout, metadata=call_metadata())

    async def stream(
        self, rpc: StreamRpc[T], timeout: float | None, idle_s: float | None
    ) -> AsyncGenerator[Message, None]:
        """Sends one message and yields the answers; closing the generator cancels the call."""
        call = self._open().unary_stream(rpc.path, type(rpc.request).SerializeToString, rpc.answer.FromString)
        answers = call(rpc.request, timeout=timeout, metadata=call_metadata())
        messages = aiter(answers)
        try:
            with self._errors(rpc):
                if idle_s is None:
                    # Events come by the thousand: nothing is set up for each.
                    async for answer in messages:
                        yield answer
                    return
                while True:
                    async with _idle_limit(idle_s, self._endpoint):
                        try:
                            answer = await anext(messages)
                        except StopAsyncIteration:
                            return
                    yield answer
        finally:
            answers.cancel()

    async def send(self, rpc: UploadRpc[T], chunks: Iterator[Message], timeout: float | None, idle_s: float) -> Message:
        """Sends one message and then chunks, which a thread reads, and returns the one answer."""
        loop = asyncio.get_running_loop()
        async with _idle_limit(idle_s, self._endpoint) as limit:

            async def with_heartbeats() -> AsyncIterator[Message]:
                messages = itertools.chain((rpc.request,), chunks)
                while (message := await asyncio.to_thread(next, messages, None)) is not None:
                    limit.reschedule(loop.time() + idle_s)
                    yield message

            with self._errors(rpc):
                call = self._open().stream_unary(rpc.path, type(rpc.request).SerializeToString, rpc.answer.FromString)
                return await call(with_heartbeats(), timeout=timeout, metadata=call_metadata())

    async def pause(self, seconds: float) -> None:
        """Waits between two attempts.

        Raises:
            RunCancelledError: The channel was closed meanwhile.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closed.wait()
                raise closed_error()

    async def close(self) -> None:
        """Ends the calls that go on, and the connection."""
        self._closed.set()
        if self._opened is not None:
            await self._opened.close()

    @contextlib.contextmanager
    def _errors(self, rpc: Rpc[T]) -> Generator[None, None, None]:
        try:
            yield
        except grpc.RpcError as failure:
            raise self._endpoint.error_of(failure, rpc.path) from failure
        except asyncio.CancelledError:
            # gRPC ends the calls of a channel that is closed like those of a task that is cancelled.
            task = asyncio.current_task()
            if not self._closed.is_set() or (task is not None and task.cancelling()):
                raise
            raise closed_error() from None

    def _open(self) -> grpc.aio.Channel:
        if self._closed.is_set():
            raise closed_error()
        # Opened at the first call: the loop may not run before.
        if self._opened is None:
            self._opened = grpc.aio.insecure_channel(self._endpoint.address, options=self._endpoint.options())
        return self._opened


async def run_blocking(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs what waits for the disk or computes for long: in a thread, so that the event loop goes on."""
    return await asyncio.to_thread(function, *args, **kwargs)


@contextlib.asynccontextmanager
async def _idle_limit(idle_s: float | None, endpoint: Endpoint) -> AsyncGenerator[asyncio.Timeout, None]:
    try:
        async with asyncio.timeout(idle_s) as limit:
            yield limit
    except TimeoutError as error:
        if idle_s is None or not limit.expired():
            raise
        raise endpoint.idle_error(idle_s) from error
