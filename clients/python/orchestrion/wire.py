"""How a `Call` is carried out, once for threads and once for asyncio. What `grpc` raises ends here."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from orchestrion.calls import Call
from orchestrion.connection import Endpoint

T = TypeVar("T")


class Wire:
    """A connection to a controller that threads may share."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        """Prepares the connection, which is made at the first call; `timeout` is that of unary calls, in seconds."""
        self._endpoint = endpoint
        self._timeout = timeout
        self._channel = grpc.insecure_channel(endpoint.address, options=endpoint.options())

    def unary(self, call: Call[T]) -> T:
        """Sends one message, and returns the one answer."""
        method = self._channel.unary_unary(*_shape(call))
        try:
            return call.read(method(call.request, timeout=self._timeout))
        except grpc.RpcError as error:
            raise self._endpoint.error_of(error) from error

    def stream(self, call: Call[T], timeout: float | None) -> Generator[T, None, None]:
        """Sends one message, and yields the answers; closing the generator cancels the call."""
        method = self._channel.unary_stream(*_shape(call))
        answers = method(call.request, timeout=timeout)
        try:
            for answer in answers:
                yield call.read(answer)
        except grpc.RpcError as error:
            raise self._endpoint.error_of(error) from error
        finally:
            answers.cancel()

    def send(self, call: Call[T], rest: Iterator[Message]) -> T:
        """Sends one message and the rest after it, and returns the one answer."""
        method = self._channel.stream_unary(*_shape(call))
        try:
            return call.read(method(itertools.chain((call.request,), rest)))
        except grpc.RpcError as error:
            raise self._endpoint.error_of(error) from error

    def close(self) -> None:
        """Ends the calls that go on, and the connection."""
        self._channel.close()


class AsyncWire:
    """A connection to a controller that belongs to one event loop."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        """Prepares the connection; `timeout` is that of unary calls, in seconds."""
        self._endpoint = endpoint
        self._timeout = timeout
        self._opened: grpc.aio.Channel | None = None

    async def unary(self, call: Call[T]) -> T:
        """Sends one message, and returns the one answer."""
        method = self._channel.unary_unary(*_shape(call))
        try:
            return call.read(await method(call.request, timeout=self._timeout))
        except grpc.RpcError as error:
            raise self._endpoint.error_of(error) from error

    async def stream(self, call: Call[T], timeout: float | None) -> AsyncGenerator[T, None]:
        """Sends one message, and yields the answers; closing the generator cancels the call."""
        method = self._channel.unary_stream(*_shape(call))
        answers = method(call.request, timeout=timeout)
        try:
            async for answer in answers:
                yield call.read(answer)
        except grpc.RpcError as error:
            raise self._endpoint.error_of(error) from error
        finally:
            answers.cancel()

    async def send(self, call: Call[T], rest: Iterator[Message]) -> T:
        """Sends one message and the rest after it, which a thread makes, and returns the one answer."""
        method = self._channel.stream_unary(*_shape(call))
        try:
            return call.read(await method(_in_thread(itertools.chain((call.request,), rest))))
        except grpc.RpcError as error:
            raise self._endpoint.error_of(error) from error

    async def close(self) -> None:
        """Ends the calls that go on, and the connection."""
        if self._opened is not None:
            await self._opened.close()

    @property
    def _channel(self) -> grpc.aio.Channel:
        # Made at the first call, since only then the loop is known.
        if self._opened is None:
            self._opened = grpc.aio.insecure_channel(self._endpoint.address, options=self._endpoint.options())
        return self._opened


def _shape(call: Call[Any]) -> tuple[str, Any, Any]:
    return call.path, type(call.request).SerializeToString, call.answer.FromString


async def _in_thread(messages: Iterator[Message]) -> AsyncIterator[Message]:
    while (message := await asyncio.to_thread(next, messages, None)) is not None:
        yield message
