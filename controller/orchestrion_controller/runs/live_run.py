"""A live run: the task that carries it through its stages, its readers, its deadline and its end."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractContextManager, aclosing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from orchestrion.errors import OrchestrionError, Reason, RunCancelledError
from orchestrion.events import RunFinished, RunStarted, Stage
from orchestrion.plans import Error
from orchestrion.runs import Message, OnDetach, Run, RunState
from orchestrion.v1 import events_pb2
from orchestrion_controller.database.failures import may_end
from orchestrion_controller.deadline import run_deadline
from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_controller.runs.gate import Gate
from orchestrion_controller.runs.journal import Journal
from orchestrion_controller.runs.log import RunLog
from orchestrion_serving import trace_context, tracing
from orchestrion_serving.metrics import exemplar, reason_label

_log = logging.getLogger(__name__)

_SLOW_AFTER_S: Final = 1.0
"""How long after the end of a run its readers still find the log in memory, in seconds; then they read the journal."""
_WRITE_AGAIN_S: Final = 1.0
"""How long to wait until a write is tried again that the database did not take, in seconds."""

Program = Callable[[str, RunLog], Coroutine[Any, Any, None]]
"""What a run of this name does: it appends to the log, and raises an OrchestrionError when the run fails."""


@dataclass(frozen=True, slots=True)
class RunOpening:
    """What a run begins with."""

    messages: tuple[Message, ...]
    """The conversation, kept in its first event."""
    request_id: str
    """The caller's own id of the call; empty for none."""
    request: bytes
    """The serialized request, kept until the run ends."""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """What ends a run early: no reader, its deadline, or a log that grows too large."""

    on_detach: OnDetach
    """What happens without a reader."""
    detach_grace_s: float
    """How long it lives without one under CANCEL, in seconds."""
    deadline_s: float | None
    """How long it may take, in seconds; None for no deadline."""
    max_log_bytes: int
    """How large its log may grow, in bytes."""


class LiveRun:
    """A run that has not ended."""

    def __init__(
        self, run: Run, lifetime: Lifetime, journal: Journal, metrics: ControllerMetrics, gate: Gate | None = None
    ) -> None:
        """Prepares the run; `start` starts it.

        Args:
            run: Its row.
            lifetime: What ends it early.
            journal: Where it is written.
            metrics: Where it is counted.
            gate: Where its program waits until its plan is approved; None when it does not.
        """
        self.gate = gate
        self.row = run
        self.log = RunLog(run.name, journal, self._fail, max_bytes=lifetime.max_log_bytes)
        self._lifetime = lifetime
        self._journal = journal
        self._metrics = metrics
        self._started = time.perf_counter()
        self._readers = 0
        self._timers: list[asyncio.TimerHandle] = []
        self._detach_timer: asyncio.TimerHandle | None = None
        self._cancel_error: OrchestrionError | None = None
        self._cancel_state = RunState.CANCELLED
        self._has_begun = False
        self._created = False
        self._is_rejected = False
        self._is_handed_over = False
        self._task: asyncio.Task[None] | None = None
        self._on_ended: Callable[[], None] = lambda: None
        self.error: OrchestrionError | None = None
        self._request = ""

    def start(self, opening: RunOpening, program: Program, ended: Callable[[], None]) -> None:
        """Queues the run's row and starts its program; `ended` is called once its end is committed."""
        self._journal.create(self.row, opening.request_id, opening.request, self._on_written, messages=opening.messages)
        self._open(opening.messages)
        self._begin(opening.messages, program, ended)

    def resume(
        self, log: Sequence[events_pb2.Event], opening: RunOpening, program: Program, ended: Callable[[], None]
    ) -> None:
        """Goes on with a run that an earlier process left: its log is kept, and its program begins anew."""
        self._created = True
        self.log.load(log)
        if self.row.create_time is not None:
            self._started -= (datetime.now(UTC) - self.row.create_time).total_seconds()
        if not log:
            # The row was committed, and the first event was not.
            self._open(opening.messages)
        self._begin(opening.messages, program, ended)

    def _open(self, messages: tuple[Message, ...]) -> None:
        started = RunStarted(self.row.kind, messages, self.row.deadline_time, self.row.previous_run)
        self.log.append(Stage.UNSPECIFIED, started)

    def _begin(self, messages: tuple[Message, ...], program: Program, ended: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        if tracing.records_content():
            self._request = "\n".join(f"{message.role.name.lower()}: {message.text}" for message in messages)
        if self._lifetime.deadline_s is not None:
            error = Reason.DEADLINE_EXCEEDED.error("The run did not end before its deadline; give it more time.")
            self._timers.append(loop.call_later(max(0.0, self._lifetime.deadline_s), self.cancel, error))
        self._metrics.runs_running.inc()
        self._task = loop.create_task(self._traced(program), name=self.row.name)
        self._on_ended = ended
        if self._cancels_without_reader:
            self._start_grace()

    @property
    def awaits_approval(self) -> bool:
        """Whether it stands still until somebody approves its plan."""
        return self.gate is not None and self.gate.is_awaited

    def cancel(self, error: OrchestrionError) -> None:
        """Cancels the run for a reason; the first reason counts."""
        if self._task is not None and self._cancel_error is None:
            self._cancel_error = error
            # A task that is cancelled before its first step runs none of its code: the run would never end.
            if self._has_begun:
                self._task.cancel()

    async def hand_over(self, error: OrchestrionError) -> bool:
        """Stops the run's work and leaves it unfinished in the journal, for the next process; readers get the error.

        Returns:
            Whether it is left so; one that is about to end for a reason of its own ends.
        """
        if self._task is not None and not self._task.done() and self._cancel_error is None:
            self._is_handed_over = True
            self.log.break_off(error)
            self._journal.hand_over(self.row.name)
            self.cancel(error)
        await self.wait_ended()
        return self._is_handed_over

    async def wait_ended(self) -> None:
        """Waits until the run's work has stopped and its last event is appended."""
        if self._task is not None:
            await asyncio.wait([self._task])

    @contextmanager
    def attached(self) -> Iterator[None]:
        """Counts a reader for as long as the context lasts."""
        self._readers += 1
        self._metrics.readers.inc()
        if self._detach_timer is not None:
            self._detach_timer.cancel()
            self._detach_timer = None
        try:
            yield
        finally:
            self._readers -= 1
            self._metrics.readers.dec()
            if self._readers == 0 and self._cancels_without_reader:
                self._start_grace()

    async def read(self, after: int) -> AsyncGenerator[events_pb2.Event, None]:
        """Yields the run's events as `RunLog.read` does, and counts as a reader meanwhile."""
        with self.attached():
            async with aclosing(self.log.read(after)) as events:
                async for event in events:
                    yield event

    @property
    def _cancels_without_reader(self) -> bool:
        return self._lifetime.on_detach is not OnDetach.CONTINUE

    def _start_grace(self) -> None:
        error = Reason.CLIENT_LEFT.error(
            f"Nobody read the run's events for {self._lifetime.detach_grace_s:g} s; "
            "set options.on_detach to CONTINUE for a run that goes on alone."
        )
        loop = asyncio.get_running_loop()
        self._detach_timer = loop.call_later(self._lifetime.detach_grace_s, self.cancel, error)

    async def _traced(self, program: Program) -> None:
        """Lives within a span, with the run's name in every line of the log."""
        trace_context.run.set(self.row.name)
        with self._span() as span:
            await self._live(program)
            if self.error is not None:
                tracing.outcome(span, self.error)

    async def _live(self, program: Program) -> None:
        state, error = RunState.SUCCEEDED, None
        self._has_begun = True
        try:
            if self._cancel_error is not None:
                raise asyncio.CancelledError
            with run_deadline(self._lifetime.deadline_s):
                await program(self.row.name, self.log)
        except asyncio.CancelledError:
            error = self._cancel_error or Reason.SERVER_STOPPING.error("The controller is shutting down; ask again.")
            state = self._cancel_state
        except OrchestrionError as failure:
            error = failure
            state = RunState.CANCELLED if isinstance(failure, RunCancelledError) else RunState.FAILED
        except Exception:
            _log.exception("%s failed", self.row.name)
            error = Reason.INTERNAL.error("The controller met a fault of its own; its log has the details.")
            state = RunState.FAILED
        if error is None and self._cancel_state is RunState.FAILED:
            # It failed with its last event, and had nothing more to wait for.
            state, error = RunState.FAILED, self._cancel_error
        self._end(state, error)

    def _span(self) -> AbstractContextManager[tracing.TraceSpan]:
        if not tracing.is_on():
            return tracing.span("")
        attributes = {"orchestrion.run": self.row.name, "orchestrion.run.kind": self.row.kind.name.lower()}
        if tracing.records_content():
            attributes["orchestrion.request"] = self._request
        return tracing.span(tracing.SpanName.RUN, attributes)

    def _end(self, state: RunState, error: OrchestrionError | None) -> None:
        for timer in (*self._timers, *((self._detach_timer,) if self._detach_timer else ())):
            timer.cancel()
        if self._is_handed_over:
            _log.info("%s is left to the next controller", self.row.name)
            self._metrics.runs_running.dec()
            return
        self.error = error
        seconds = time.perf_counter() - self._started
        _log.info(
            "%s ended as %s after %.3f s%s",
            self.row.name,
            state.name,
            seconds,
            f": {error.reason}" if error is not None else "",
        )
        finished = RunFinished(state, Error.of(error) if error else None, seconds * 1000)
        self.log.append(Stage.UNSPECIFIED, finished)
        self._write_end(state)
        self.log.close()
        kind = self.row.kind.name.lower()
        self._metrics.runs_running.dec()
        if self._is_rejected:
            # It was never written, so that it is counted as little as it can be read.
            return
        self._metrics.runs.labels(kind, state.name.lower()).inc()
        self._metrics.run_seconds.labels(kind).observe(seconds, exemplar())
        if error is not None:
            self._metrics.run_failures.labels(kind, reason_label(error.reason)).inc()

    def _write_end(self, state: RunState) -> None:
        """Writes the end, and retries while the database takes no writes: without it the run would look live for ever.

        Until it is written, readers that come must find the live log: the journal lacks its last events.
        """

        def written(error: OrchestrionError | None) -> None:
            failure = error or self.log.failure
            if self._created and failure is not None and may_end(failure):
                asyncio.get_running_loop().call_later(_WRITE_AGAIN_S, self._write_again, state)
            else:
                self._on_ended()
                if self._created and failure is None and self._readers:
                    asyncio.get_running_loop().call_later(_SLOW_AFTER_S, self.log.release)

        self._journal.end(self.row.name, state, written)

    def _write_again(self, state: RunState) -> None:
        self.log.write_again()
        self._write_end(state)

    def _on_written(self, error: OrchestrionError | None) -> None:
        self._created = error is None
        if error is None:
            self._metrics.runs_started.labels(self.row.kind.name.lower()).inc()
        else:
            self._is_rejected = True
            self._metrics.runs_rejected.labels(reason_label(error.reason)).inc()
            self._fail(error)

    def _fail(self, error: OrchestrionError) -> None:
        """Ends a run that cannot be journalled, or whose log is too large."""
        if self._cancel_error is None:
            self._cancel_state = RunState.FAILED
            self.cancel(error)
