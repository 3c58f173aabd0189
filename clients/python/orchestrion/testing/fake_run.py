"""One run of the fake controller: its script played into a log, which any number of readers follow."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from orchestrion import names
from orchestrion.errors import OrchestrionError, Reason, UnavailableError
from orchestrion.events import ApprovalAwaited, Event, Payload, PlanApproved, RunFinished, RunStarted, Stage
from orchestrion.plans import Error, Plan
from orchestrion.runs import Approval, Run, RunState
from orchestrion.snapshots import RunSnapshot, apply, of_run
from orchestrion.testing.expectations import Expectation, Received
from orchestrion.testing.scripts import NOT_NUMBERED, with_approval


class ConnectionBroke(UnavailableError):
    """The connection breaks here, as a test wants it."""

    def __init__(self) -> None:
        """Says what gRPC says of one."""
        super().__init__("Socket closed", reason=Reason.SERVER_UNREACHABLE.name)


class FakeRun:
    """One run and its log."""

    def __init__(self, received: Received, expectation: Expectation, changed: threading.Condition) -> None:
        """Plays a script; `changed` is held, and notified of what comes later."""
        self.name = names.new_run()
        self._received, self._changed = received, changed
        self._log: list[Event] = []
        created = datetime.now(UTC)
        self._snapshot = of_run(
            Run(self.name, received.kind, RunState.RUNNING, created, previous_run=received.previous_run)
        )
        self._breaks = sorted(expectation.breaks)
        self._approved = expectation.approved
        script = expectation.script
        if received.approval is Approval.REQUIRED:
            script = with_approval(script)
        self._rest = deque(script[:-1] if expectation.held else script)
        self._play()

    def cancel(self, error: OrchestrionError) -> None:
        """Ends it, unless it has ended."""
        with self._changed:
            if not self._snapshot.state.ended:
                self._add(Stage.UNSPECIFIED, RunFinished(RunState.CANCELLED, Error.of(error)))
                self._changed.notify_all()

    def approve(self, plan: Plan | None, request_id: str) -> None:
        """Lets it go on after it has asked for approval.

        Raises:
            FailedPreconditionError: It does not wait for approval.
        """
        with self._changed:
            approval = self._snapshot.approval
            if request_id and approval is not None and approval.request_id == request_id:
                return
            if approval is None or self._snapshot.state is not RunState.AWAITING_APPROVAL:
                raise Reason.NOT_AWAITING_APPROVAL.error(f"{self.name} does not await approval.", field="name")
            self._approved.append(plan or approval.plan or Plan())
            self._add(Stage.UNSPECIFIED, PlanApproved(None if plan == approval.plan else plan, request_id))
            self._play()
            self._changed.notify_all()

    def read(self, after: int, going_on: Callable[[], bool]) -> Iterator[Event]:
        """Yields the events after a number, to the end of the run or until the reader is not `going_on`.

        Raises:
            OutOfRangeError: The log does not go that far.
            UnavailableError: The connection breaks here.
        """
        last = self._snapshot.last_sequence
        if not 0 <= after <= last:
            raise Reason.SEQUENCE_OUT_OF_RANGE.error(f"after_sequence: give 0 to {last}.", field="after_sequence")
        seen = (place + 1 for place, event in enumerate(self._log) if event.sequence == after)
        position = next(seen) if after else 0
        while True:
            with self._changed:
                while position >= len(self._log) and not self._snapshot.state.ended and going_on():
                    self._changed.wait()
                breaks = bool(self._breaks) and self._breaks[0] <= position
                del self._breaks[:breaks]
                if breaks or not going_on():
                    raise ConnectionBroke
                if position >= len(self._log):
                    return
                event = self._log[position]
            position += 1
            yield event

    @property
    def snapshot(self) -> RunSnapshot:
        """The run as its log has it so far."""
        return self._snapshot

    def _play(self) -> None:
        """Lets happen what comes next, to the end or until a plan awaits approval."""
        while self._rest:
            stage, payload = self._rest.popleft()
            self._add(stage, payload)
            if isinstance(payload, ApprovalAwaited):
                return

    def _add(self, stage: Stage, payload: Payload) -> None:
        if isinstance(payload, RunStarted):
            received = self._received
            payload = replace(
                payload,
                messages=payload.messages or received.messages,
                previous_run=payload.previous_run or received.previous_run,
            )
        sequence = 0 if isinstance(payload, NOT_NUMBERED) else self._snapshot.last_sequence + 1
        event = Event(self.name, sequence, datetime.now(UTC), stage, payload)
        self._log.append(event)
        self._snapshot = apply(self._snapshot, event)
