"""A run's log: numbered events, written before they are sent, and read by any number of cursors."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from functools import partial
from typing import Final

from orchestrion._codec import codec
from orchestrion._net.transport import MAX_MESSAGE_BYTES
from orchestrion.errors import OrchestrionError, Reason
from orchestrion.events import AnswerText, Event, Payload, Stage, TaskPreview, TaskProgress, TaskText
from orchestrion.v1 import events_pb2
from orchestrion_controller.runs.journal import Journal

COALESCE_S: Final = 0.02
"""Pieces of text that come within this time of the last are joined into one event, in seconds."""

LARGEST_EVENT_BYTES: Final = MAX_MESSAGE_BYTES - 1_024
"""The largest event that a stream carries."""

_KEPT_UNNUMBERED: Final = 64
_LARGEST_UNNUMBERED_BYTES: Final = 1 << 20
"""A larger preview is passed over: the next one follows, and the result."""
_LONGEST_JOINED: Final = 1 << 18
"""How many characters pieces of text have at most that are joined."""

_Text = AnswerText | TaskText


class RunLog:
    """The log of a live run.

    All events lie in one list; a reader is an index into it, so a slow one costs nothing. An event is visible once
    every numbered one up to it is committed. Progress and previews are visible in their place, but only the newest few
    are kept, and a reader that comes later does not get them.
    """

    def __init__(
        self,
        run: str,
        journal: Journal,
        on_failure: Callable[[OrchestrionError], None] = lambda _: None,
        *,
        max_bytes: int = 256 << 20,
    ) -> None:
        """Starts an empty log.

        Args:
            run: The name of the run.
            journal: Where numbered events are written.
            on_failure: Called when the journal does not take an event, or the log is too large for one or with it.
            max_bytes: How large it may grow: the setting `max_log_bytes`.
        """
        self._run = run
        self._journal = journal
        self._max_bytes = max_bytes
        self._size_bytes = 0
        self._events: list[events_pb2.Event | None] = []
        self._unnumbered: deque[int] = deque()
        self._visible = 0
        self._failure: OrchestrionError | None = None
        self._on_failure = on_failure
        self._unwritten: list[events_pb2.Event] = []
        self._closed = False
        self._is_broken_off = False
        self._changed = asyncio.Event()
        self._pending: tuple[Stage, _Text] | None = None
        self._flush_timer: asyncio.TimerHandle | None = None
        self._last_text_at = 0.0
        self.last_sequence = 0
        self.is_released = False
        """Whether the events are no longer in memory: who has not read all of them goes on in the journal."""

    def load(self, events: Sequence[events_pb2.Event]) -> None:
        """Takes the events that an earlier process wrote, all committed, into an empty log; those that come go on."""
        self._events = list(events)
        self._visible = len(events)
        self.last_sequence = events[-1].sequence if events else 0

    @property
    def failure(self) -> OrchestrionError | None:
        """The error that kept the log from being written, if any."""
        return self._failure

    def append(self, stage: Stage, payload: Payload) -> None:
        """Adds an event. Numbered ones are queued for the journal; pieces of text may wait to be joined."""
        if self._is_broken_off:
            return
        if isinstance(payload, _Text):
            self._append_text(stage, payload)
            return
        self._flush()
        self._add(stage, payload)

    def close(self) -> None:
        """Closes the log: readers end once they have read everything."""
        self._flush()
        self._closed = True
        self._wake()

    def release(self) -> None:
        """Lets the events of a closed log go, which the journal has: a slow reader is not to keep them in memory."""
        self.is_released = True
        self._events, self._visible = [], 0
        self._unnumbered.clear()
        self._wake()

    def break_off(self, error: OrchestrionError) -> None:
        """Takes no more events: another process goes on with the log. Readers get the error after what is committed."""
        self._is_broken_off = True
        self._discard_pending()
        if self._failure is None:
            self._failure = error
        self._wake()

    def write_again(self) -> None:
        """Queues again what the journal did not take of a closed log; once it has all, everything is visible."""
        missing, self._unwritten = self._unwritten, []

        def committed(event: events_pb2.Event, error: OrchestrionError | None) -> None:
            if error is not None:
                self._unwritten.append(event)
            elif event is missing[-1] and not self._unwritten:
                self._failure = None
                self._show(len(self._events))

        for event in missing:
            self._journal.append(event, partial(committed, event))

    async def read(self, after: int) -> AsyncGenerator[events_pb2.Event, None]:
        """Yields the events after a sequence number, and then those that come, until the log is closed or released.

        Raises:
            ResourceExhaustedError: The journal does not take the run's events.
            UnavailableError: The controller stops, and the run goes on in the next one.
        """
        index = self._index_after(after)
        live_from = self._visible
        while True:
            # Taken before reading the state, so that a change in between is not missed.
            changed = self._changed
            while index < self._visible:
                event = self._events[index]
                index += 1
                if event is not None and (event.sequence or index > live_from):
                    yield event
            if self.is_released:
                return
            if index < self._visible:
                continue
            if self._failure is not None:
                raise self._failure
            if self._closed and index == len(self._events):
                return
            await changed.wait()

    async def until_visible(self, sequence: int) -> None:
        """Waits until the event of a sequence number is committed.

        Raises:
            ResourceExhaustedError: The journal does not take the run's events.
        """
        async with aclosing(self.read(sequence - 1)) as events:
            async for event in events:
                if event.sequence >= sequence:
                    return

    def events(self) -> list[events_pb2.Event]:
        """Returns the numbered events that are committed."""
        return [event for event in self._events[: self._visible] if event is not None and event.sequence]

    def _index_after(self, after: int) -> int:
        if after <= 0:
            return 0
        for index, event in enumerate(self._events):
            if event is not None and event.sequence == after:
                return index + 1
        return len(self._events)

    def _append_text(self, stage: Stage, piece: _Text) -> None:
        loop = asyncio.get_running_loop()
        if self._pending is not None:
            joined = _join(self._pending[1], piece) if self._pending[0] is stage else None
            if joined is not None:
                self._pending = (stage, joined)
                return
            self._flush()
        wait = self._last_text_at + COALESCE_S - loop.time()
        self._pending = (stage, piece)
        if wait <= 0:
            self._flush()
        else:
            self._flush_timer = loop.call_later(wait, self._flush)

    def _flush(self) -> None:
        if (pending := self._discard_pending()) is not None:
            stage, piece = pending
            self._last_text_at = asyncio.get_running_loop().time()
            self._add(stage, piece)

    def _discard_pending(self) -> tuple[Stage, _Text] | None:
        """Takes the piece of text that waits to be joined out of the log, and returns it."""
        if self._flush_timer is not None:
            self._flush_timer.cancel()
            self._flush_timer = None
        pending, self._pending = self._pending, None
        return pending

    def _add(self, stage: Stage, payload: Payload) -> None:
        now = datetime.now(UTC)
        if isinstance(payload, TaskProgress | TaskPreview):
            self._add_unnumbered(codec.encode(Event(self._run, 0, now, stage, payload)))
            return
        event = codec.encode(Event(self._run, self.last_sequence + 1, now, stage, payload))
        if (size := event.ByteSize()) > LARGEST_EVENT_BYTES:
            # No reader could get it, so it cannot be a part of the log.
            self._on_failure(_too_large(event, size))
            return
        if self._size_bytes <= self._max_bytes < self._size_bytes + size:
            # This one and those that end the run are taken all the same.
            self._on_failure(_too_much(self._max_bytes))
        self._size_bytes += size
        self.last_sequence += 1
        self._events.append(event)
        position = len(self._events)

        def committed(error: OrchestrionError | None) -> None:
            if error is not None:
                self._unwritten.append(event)
            if self._failure is not None:
                return  # What is committed after a gap stays invisible.
            if error is None:
                self._show(position)
            else:
                self._failure = error
                self._wake()
                self._on_failure(error)

        self._journal.append(event, committed)

    def _add_unnumbered(self, event: events_pb2.Event) -> None:
        if event.ByteSize() > _LARGEST_UNNUMBERED_BYTES:
            return
        if self._visible == len(self._events):
            self._events.append(event)
            self._show(len(self._events))
        else:
            self._events.append(event)
        self._unnumbered.append(len(self._events) - 1)
        if len(self._unnumbered) > _KEPT_UNNUMBERED:
            self._events[self._unnumbered.popleft()] = None

    def _show(self, position: int) -> None:
        """Makes everything up to a position visible, and the unnumbered events that follow it."""
        while position < len(self._events):
            following = self._events[position]
            if following is not None and following.sequence:
                break
            position += 1
        self._visible = max(self._visible, position)
        self._wake()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


def _too_large(event: events_pb2.Event, size: int) -> OrchestrionError:
    kind = event.WhichOneof("payload") or "event"
    text = (
        f"A {kind} of the run has {size:,} bytes, and a message has at most {MAX_MESSAGE_BYTES:,}. "
        "Have a task give less, for instance for fewer items of a list at once."
    )
    return Reason.MESSAGE_TOO_LARGE.error(text, size_bytes=str(size), limit=str(MAX_MESSAGE_BYTES))


def _too_much(max_bytes: int) -> OrchestrionError:
    text = (
        f"The events of the run have more than {max_bytes:,} bytes, which is what max_log_bytes allows. "
        "Split the request, or have the operator raise it."
    )
    return Reason.RUN_TOO_LARGE.error(text, setting="max_log_bytes", limit=str(max_bytes))


def _join(first: _Text, second: _Text) -> _Text | None:
    """Joins two pieces of the same text; None when they belong to different ones, or would be a long one."""
    if len(first.text) + len(second.text) > _LONGEST_JOINED:
        return None
    if isinstance(first, AnswerText) and isinstance(second, AnswerText):
        return AnswerText(first.text + second.text)
    if not (isinstance(first, TaskText) and isinstance(second, TaskText)):
        return None
    if (first.task_id, first.output, first.item) != (second.task_id, second.output, second.item):
        return None
    return TaskText(first.task_id, first.output, first.text + second.text, first.item)
