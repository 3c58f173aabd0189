"""How an `Rpc` is carried out by threads. What `grpc` raises ends here; `retries` decides what follows."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Generator, Iterator
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from orchestrion._net.endpoint import Endpoint
from orchestrion._net.resumption import Resumption
from orchestrion._net.retries import Attempts, Retrier, RetryPolicy
from orchestrion._net.transfers import Upload
from orchestrion._net.watchdog import Watchdog, idle_error
from orchestrion._rpcs.rpc import Rpc
from orchestrion.errors import OrchestrionError, Reason

T = TypeVar("T")


class Connection:
    """A connection to a controller that threads may share."""

    def __init__(self, endpoint: Endpoint, policy: RetryPolicy) -> None:
        """Prepares the connection, which is made at the first call."""
        self._endpoint, self._policy = endpoint, policy
        self._retrier = Retrier(policy)
        self._closed = threading.Event()
        self._channel = grpc.insecure_channel(endpoint.address, options=endpoint.options())

    def unary(self, rpc: Rpc[T], timeout: float | None) -> T:
        """Sends one message, and returns the one answer; no timeout is the client's own."""
        attempts = self._retrier.attempts(rpc.path, self._policy.timeout if timeout is None else timeout)
        while True:
            try:
                answer = self._method("unary_unary", rpc)(rpc.request, timeout=attempts.start())
            except grpc.RpcError as failure:
                error = self._endpoint.error_of(failure)
                if attempts.is_done(error):
                    return rpc.read(rpc.answer())
                delay = attempts.delay_after(error)
            else:
                attempts.succeeded()
                return rpc.read(answer)
            self._pause(delay)

    def stream(
        self, stream: Resumption[T], timeout: float | None, *, idle_s: float | None = None
    ) -> Generator[T, None, None]:
        """Yields what a stream brings, over as many connections as it takes; closing the generator cancels the call."""
        attempts = self._retrier.attempts(stream.rpc.path, timeout)
        while True:
            with contextlib.closing(self._answers(stream.rpc, attempts, idle_s)) as answers:
                while True:
                    try:
                        answer = next(answers)
                    except StopIteration:
                        delay = stream.ended(None, attempts.delay_after)
                        break
                    except OrchestrionError as error:
                        delay = stream.ended(error, attempts.delay_after)
                        break
                    yield from stream.take(answer)
            if delay is None:
                return
            self._pause(delay)

    def send(self, rpc: Rpc[T], upload: Upload, timeout: float | None) -> T:
        """Sends one message and the chunks of an upload after it, and returns the one answer."""
        attempts = self._retrier.attempts(rpc.path, timeout)
        while True:
            try:
                answer = self._send(rpc, upload.chunks(), attempts)
            except OrchestrionError as error:
                delay = attempts.delay_after(error, resendable=upload.rewindable)
            else:
                attempts.succeeded()
                return answer
            self._pause(delay)

    def close(self) -> None:
        """Ends the calls that go on, and the connection."""
        self._closed.set()
        self._channel.close()

    def _answers(self, rpc: Rpc[T], attempts: Attempts, idle_s: float | None) -> Generator[T, None, None]:
        answers = self._method("unary_stream", rpc)(rpc.request, timeout=attempts.start())
        watchdog = None if idle_s is None else Watchdog(idle_s)
        try:
            with watchdog.watching(answers.cancel) if watchdog else contextlib.nullcontext():
                for answer in answers:
                    attempts.succeeded()
                    yield rpc.read(answer)
                    if watchdog is not None:
                        watchdog.heartbeat()
        except grpc.RpcError as failure:
            raise self._error_of(failure, watchdog) from failure
        finally:
            answers.cancel()

    def _send(self, rpc: Rpc[T], chunks: Iterator[Message], attempts: Attempts) -> T:
        watchdog = Watchdog(self._policy.idle_timeout)

        def with_heartbeats() -> Iterator[Message]:
            for message in itertools.chain((rpc.request,), chunks):
                watchdog.heartbeat()
                yield message

        sent = self._method("stream_unary", rpc).future(with_heartbeats(), timeout=attempts.start())
        try:
            with watchdog.watching(sent.cancel):
                return rpc.read(sent.result())
        except (grpc.RpcError, grpc.FutureCancelledError) as failure:
            raise self._error_of(sent, watchdog) from failure
        finally:
            sent.cancel()

    def _error_of(self, failure: grpc.RpcError, watchdog: Watchdog | None) -> OrchestrionError:
        if watchdog is not None and watchdog.expired:
            return idle_error(self._policy.idle_timeout, self._endpoint.address)
        return self._endpoint.error_of(failure)

    def _method(self, kind: str, rpc: Rpc[Any]) -> Any:
        if self._closed.is_set():
            raise _closed()
        return getattr(self._channel, kind)(rpc.path, type(rpc.request).SerializeToString, rpc.answer.FromString)

    def _pause(self, seconds: float) -> None:
        if self._closed.wait(seconds):
            raise _closed()


def _closed() -> OrchestrionError:
    return Reason.CANCELLED.error("The client was closed.")
