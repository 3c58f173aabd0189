"""A call on its way through an expert's queue, and the stream of what it has to tell."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from orchestrion.inference import InferPayload, InferPreview, InferProgress
from orchestrion_host import ipc
from orchestrion_serving import tracing

_MOST_UNREAD: Final = 64
"""Events that wait for a slow reader before progress takes the place of progress, and a preview that of one."""


@dataclass(frozen=True, slots=True)
class QueueResult:
    """The end of an entry that succeeded: its outputs as the worker gave them, and where the time went."""

    outputs: Mapping[str, ipc.Plain]
    queue_ms: float
    compute_ms: float
    batch_size: int


QueueEvent: TypeAlias = InferPayload | QueueResult


class QueueEntry:
    """One call. It is entered (its inputs are still fetched), waiting, running, and at last ended."""

    def __init__(self, number: int, task_type: str, caller: str = "") -> None:
        """Enters the queue now, for a caller."""
        self.id = number
        self.caller = caller
        self.turn = 0
        self.task_type = task_type
        self.inputs: Mapping[str, ipc.Plain] = {}
        self.entered_at = time.perf_counter()
        self.span = tracing.current()
        self.started_at = 0.0
        self.running = False
        self.ended = False
        self.abandoned = False
        self._events: deque[QueueEvent] = deque()
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    @property
    def unread(self) -> QueueResult | None:
        """The outputs, where the call has some that nobody took."""
        last = self._events[-1] if self._events else None
        return last if isinstance(last, QueueResult) else None

    def start(self) -> None:
        """Notes that a worker has it from now on."""
        self.running = True
        self.started_at = time.perf_counter()

    def emit(self, event: QueueEvent) -> None:
        """Adds to what the caller sees; the last is a `QueueResult`."""
        last = self._events[-1] if len(self._events) >= _MOST_UNREAD else None
        if isinstance(event, InferProgress | InferPreview) and type(last) is type(event):
            # Nobody reads fast enough: what comes later tells more.
            self._events.pop()
        self._events.append(event)
        self.ended = self.ended or isinstance(event, QueueResult)
        self._wake()

    def fail(self, error: Exception) -> None:
        """Ends it with an error."""
        self._error = error
        self.ended = True
        self._wake()

    async def next(self) -> QueueEvent:
        """Waits for the next event.

        Raises:
            OrchestrionError: The call failed.
        """
        while not self._events:
            if self._error is not None:
                raise self._error
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self._events.popleft()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
