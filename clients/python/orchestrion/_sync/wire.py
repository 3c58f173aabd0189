"""How a `Call` is carried out by threads. What `grpc` raises ends here; `retries` decides what follows."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Generator, Iterator
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from orchestrion._net.calls import Call
from orchestrion._net.connection import Endpoint
from orchestrion._net.idling import Watchdog, idle_error
from orchestrion._net.resumption import Resumption
from orchestrion._net.retries import Patience, Retries, Tries
from orchestrion._net.transfers import Upload
from orchestrion.errors import OrchestrionError, Reason

T = TypeVar("T")


class Wire:
    """A connection to a controller that threads may share."""

    def __init__(self, endpoint: Endpoint, patience: Patience) -> None:
        """Prepares the connection, which is made at the first call."""
        self._endpoint, self._patience = endpoint, patience
        self._retries = Retries(patience)
        self._closed = threading.Event()
        self._channel = grpc.insecure_channel(endpoint.address, options=endpoint.options())

    def unary(self, call: Call[T], timeout: float | None) -> T:
        """Sends one message, and returns the one answer; no timeout is the client's own."""
        tries = self._retries.tries(call.path, self._patience.timeout if timeout is None else timeout)
        while True:
            try:
                answer = self._method("unary_unary", call)(call.request, timeout=tries.start())
            except grpc.RpcError as failure:
                error = self._endpoint.error_of(failure)
                if tries.is_done(error):
                    return call.read(call.answer())
                delay = tries.after(error)
            else:
                tries.answered()
                return call.read(answer)
            self._pause(delay)

    def stream(
        self, stream: Resumption[T], timeout: float | None, *, idle_s: float | None = None
    ) -> Generator[T, None, None]:
        """Yields what a stream brings, over as many connections as it takes; closing the generator cancels the call."""
        tries = self._retries.tries(stream.call.path, timeout)
        while True:
            with contextlib.closing(self._answers(stream.call, tries, idle_s)) as answers:
                while True:
                    try:
                        answer = next(answers)
                    except StopIteration:
                        delay = stream.ended(None, tries.after)
                        break
                    except OrchestrionError as error:
                        delay = stream.ended(error, tries.after)
                        break
                    yield from stream.take(answer)
            if delay is None:
                return
            self._pause(delay)

    def send(self, call: Call[T], upload: Upload, timeout: float | None) -> T:
        """Sends one message and the chunks of an upload after it, and returns the one answer."""
        tries = self._retries.tries(call.path, timeout)
        while True:
            try:
                answer = self._send(call, upload.chunks(), tries)
            except OrchestrionError as error:
                delay = tries.after(error, again=upload.rewindable)
            else:
                tries.answered()
                return answer
            self._pause(delay)

    def close(self) -> None:
        """Ends the calls that go on, and the connection."""
        self._closed.set()
        self._channel.close()

    def _answers(self, call: Call[T], tries: Tries, idle_s: float | None) -> Generator[T, None, None]:
        answers = self._method("unary_stream", call)(call.request, timeout=tries.start())
        watchdog = None if idle_s is None else Watchdog(idle_s)
        try:
            with watchdog.watching(answers.cancel) if watchdog else contextlib.nullcontext():
                for answer in answers:
                    tries.answered()
                    yield call.read(answer)
                    if watchdog is not None:
                        watchdog.beat()
        except grpc.RpcError as failure:
            raise self._error_of(failure, watchdog) from failure
        finally:
            answers.cancel()

    def _send(self, call: Call[T], chunks: Iterator[Message], tries: Tries) -> T:
        watchdog = Watchdog(self._patience.idle_timeout)

        def beating() -> Iterator[Message]:
            for message in itertools.chain((call.request,), chunks):
                watchdog.beat()
                yield message

        sent = self._method("stream_unary", call).future(beating(), timeout=tries.start())
        try:
            with watchdog.watching(sent.cancel):
                return call.read(sent.result())
        except (grpc.RpcError, grpc.FutureCancelledError) as failure:
            raise self._error_of(sent, watchdog) from failure
        finally:
            sent.cancel()

    def _error_of(self, failure: grpc.RpcError, watchdog: Watchdog | None) -> OrchestrionError:
        if watchdog is not None and watchdog.bit:
            return idle_error(self._patience.idle_timeout, self._endpoint.address)
        return self._endpoint.error_of(failure)

    def _method(self, kind: str, call: Call[Any]) -> Any:
        if self._closed.is_set():
            raise _closed()
        return getattr(self._channel, kind)(call.path, type(call.request).SerializeToString, call.answer.FromString)

    def _pause(self, seconds: float) -> None:
        if self._closed.wait(seconds):
            raise _closed()


def _closed() -> OrchestrionError:
    return Reason.CANCELLED.error("The client was closed.")
