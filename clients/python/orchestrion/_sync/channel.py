"""How messages travel by threads: what differs from `orchestrion._async.channel`, and nothing else.

What `grpc` raises ends here. Written by hand on both sides, with the same names and behaviour.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Callable, Generator, Iterator
from typing import ParamSpec, TypeVar, cast

import grpc
from google.protobuf.message import Message

from orchestrion._net.call_metadata import call_metadata
from orchestrion._net.endpoint import Endpoint, closed_error
from orchestrion._net.watchdog import Watchdog
from orchestrion._rpcs.rpc import Rpc, StreamRpc, UnaryRpc, UploadRpc
from orchestrion.errors import OrchestrionError

P = ParamSpec("P")
T = TypeVar("T")


class Channel:
    """A gRPC channel that threads may share."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Prepares the channel, which connects at the first call."""
        self._endpoint = endpoint
        self._closed = threading.Event()
        self._channel = grpc.insecure_channel(endpoint.address, options=endpoint.options())

    def unary(self, rpc: UnaryRpc[T], timeout: float | None) -> Message:
        """Sends one message, and returns the one answer."""
        call = self._open().unary_unary(rpc.path, type(rpc.request).SerializeToString, rpc.answer.FromString)
        try:
            return call(rpc.request, timeout=timeout, metadata=call_metadata())
        except grpc.RpcError as failure:
            raise self._endpoint.error_of(failure, rpc.path) from failure

    def stream(self, rpc: StreamRpc[T], timeout: float | None, idle_s: float | None) -> Generator[Message, None, None]:
        """Sends one message and yields the answers; closing the generator cancels the call."""
        call = self._open().unary_stream(rpc.path, type(rpc.request).SerializeToString, rpc.answer.FromString)
        answers = call(rpc.request, timeout=timeout, metadata=call_metadata())
        watchdog = None if idle_s is None else Watchdog(idle_s)
        try:
            with watchdog.watching(answers.cancel) if watchdog else contextlib.nullcontext():
                for answer in answers:
                    yield answer
                    if watchdog is not None:
                        watchdog.heartbeat()
        except grpc.RpcError as failure:
            raise self._error_of(failure, rpc, watchdog) from failure
        finally:
            answers.cancel()

    def send(self, rpc: UploadRpc[T], chunks: Iterator[Message], timeout: float | None, idle_s: float) -> Message:
        """Sends one message and then chunks, which a thread of gRPC reads, and returns the one answer."""
        watchdog = Watchdog(idle_s)

        def with_heartbeats() -> Iterator[Message]:
            for message in itertools.chain((rpc.request,), chunks):
                watchdog.heartbeat()
                yield message

        call = self._open().stream_unary(rpc.path, type(rpc.request).SerializeToString, rpc.answer.FromString)
        sent = call.future(with_heartbeats(), timeout=timeout, metadata=call_metadata())
        try:
            with watchdog.watching(sent.cancel):
                return sent.result()
        except (grpc.RpcError, grpc.FutureCancelledError) as failure:
            # The call is the error too, which the stubs do not say.
            raise self._error_of(cast(grpc.RpcError, sent), rpc, watchdog) from failure
        finally:
            sent.cancel()

    def pause(self, seconds: float) -> None:
        """Waits between two attempts.

        Raises:
            RunCancelledError: The channel was closed meanwhile.
        """
        if self._closed.wait(seconds):
            raise closed_error()

    def close(self) -> None:
        """Ends the calls that go on, and the connection."""
        self._closed.set()
        self._channel.close()

    def _error_of(self, failure: grpc.RpcError, rpc: Rpc[T], watchdog: Watchdog | None) -> OrchestrionError:
        if watchdog is not None and watchdog.expired:
            return self._endpoint.idle_error(watchdog.idle_s)
        return self._endpoint.error_of(failure, rpc.path)

    def _open(self) -> grpc.Channel:
        if self._closed.is_set():
            raise closed_error()
        return self._channel


def run_blocking(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs what waits for the disk or computes for long: right here."""
    return function(*args, **kwargs)
