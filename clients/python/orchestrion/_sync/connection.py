# Made from _async/connection.py by tools/unasync.py (`make unasync`): change that file, never this one.
"""How an `Rpc` is carried out, over as many attempts as it takes; `retries` decides what follows a failure."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import TypeVar

from orchestrion._net.endpoint import Endpoint
from orchestrion._net.resumption import Resumption
from orchestrion._net.retries import Retrier, RetryPolicy
from orchestrion._net.transfers import Upload
from orchestrion._rpcs.rpc import UnaryRpc, UploadRpc
from orchestrion._sync.channel import Channel
from orchestrion.errors import OrchestrionError

T = TypeVar("T")
AnswerT = TypeVar("AnswerT")


class Connection:
    """A connection to a server, which all resources of a client share."""

    def __init__(self, endpoint: Endpoint, policy: RetryPolicy) -> None:
        """Prepares the connection, which is made at the first call."""
        self.policy = policy
        """How long to wait for what, and to try again."""
        self._retrier = Retrier(policy)
        self._channel = Channel(endpoint)

    def unary(self, rpc: UnaryRpc[T], timeout: float | None) -> T:
        """Sends one message, and returns the one answer; None for a timeout is the policy's."""
        attempts = self._retrier.attempts(rpc.path, self.policy.timeout if timeout is None else timeout)
        while True:
            try:
                answer = self._channel.unary(rpc, attempts.start())
            except OrchestrionError as error:
                if attempts.is_done(error):
                    return rpc.read(rpc.answer())
                delay = attempts.delay_after(error)
            else:
                attempts.succeeded()
                return rpc.read(answer)
            self._channel.pause(delay)

    def stream(
        self, stream: Resumption[AnswerT, T], timeout: float | None, *, idle_s: float | None = None
    ) -> Generator[T, None, None]:
        """Yields what a stream brings; closing the generator cancels the call.

        Args:
            stream: Says what to send first, and after each break.
            timeout: How long all attempts may take together, in seconds; None for no limit.
            idle_s: How long nothing may come, in seconds; None for no limit.
        """
        attempts = self._retrier.attempts(stream.rpc.path, timeout)
        while True:
            rpc = stream.rpc
            with contextlib.closing(self._channel.stream(rpc, attempts.start(), idle_s)) as answers:
                while True:
                    try:
                        answer = rpc.read(next(answers))
                    except StopIteration:
                        delay = stream.ended(None, attempts.delay_after)
                        break
                    except OrchestrionError as error:
                        delay = stream.ended(error, attempts.delay_after)
                        break
                    attempts.succeeded()
                    for item in stream.take(answer):
                        yield item
            if delay is None:
                return
            self._channel.pause(delay)

    def send(self, rpc: UploadRpc[T], upload: Upload, timeout: float | None) -> T:
        """Sends one message and the chunks of an upload after it, and returns the one answer."""
        attempts = self._retrier.attempts(rpc.path, timeout)
        while True:
            try:
                answer = self._channel.send(rpc, upload.chunks(), attempts.start(), self.policy.idle_timeout)
            except OrchestrionError as error:
                delay = attempts.delay_after(error, resendable=upload.rewindable)
            else:
                attempts.succeeded()
                return rpc.read(answer)
            self._channel.pause(delay)

    def close(self) -> None:
        """Ends the calls that go on, and the connection."""
        self._channel.close()
