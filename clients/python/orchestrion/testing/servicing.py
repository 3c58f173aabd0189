"""What the services of the fake controller share: faults that a test wants, errors as statuses, pages."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from typing import Protocol, TypeVar

import grpc

from orchestrion._net import transport
from orchestrion.errors import OrchestrionError
from orchestrion.testing.fake_run import ConnectionBroke
from orchestrion.testing.state import State

T = TypeVar("T")


class Servicer:
    """What all services share."""

    def __init__(self, state: State) -> None:
        """Keeps the state."""
        self.state = state

    @contextlib.contextmanager
    def call(self, context: grpc.ServicerContext, method: str) -> Generator[Callable[[], None], None, None]:
        """Fails a call as a test wants it; what it gives is to be called before each message."""
        fault, count = self.state.fault(method), 0

        def count_message() -> None:
            nonlocal count
            if fault is not None and count >= fault[1]:
                raise fault[0]
            count += 1

        try:
            count_message()
            yield count_message
        except OrchestrionError as error:
            if isinstance(error, ConnectionBroke):
                # Bare, as gRPC tells it of a connection that is gone.
                context.abort(grpc.StatusCode.UNAVAILABLE, error.message)
            context.abort_with_status(transport.status_of(error))

    def wake(self) -> None:
        """Lets who waits look whether its reader is still there."""
        with self.state.changed:
            self.state.changed.notify_all()


class PageRequest(Protocol):
    """What the messages that ask for a page have in common."""

    @property
    def page_size(self) -> int:
        """How many items are wanted; 0 for as many as the server likes."""

    @property
    def page_token(self) -> str:
        """Where the page begins, as the answer before said; empty for the first."""


def page(items: list[T], request: PageRequest) -> tuple[list[T], str]:
    """Takes the page that was asked for, and names the next."""
    start, size = int(request.page_token or 0), request.page_size or 100
    return items[start : start + size], str(start + size) if len(items) > start + size else ""
