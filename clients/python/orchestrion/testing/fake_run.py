"""One run of the fake controller: its script played into a log, which any number of readers follow."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from orchestrion import names
from orchestrion.errors import OrchestrionError, Reason, UnavailableError
from orchestrion.events import (
    AnswerFinished,
    ApprovalAwaited,
    Event,
    Payload,
    PlanApproved,
    PlanFinished,
    RunFinished,
    RunStarted,
    Stage,
    TaskAssigned,
    TaskFinished,
)
from orchestrion.plans import Error, Plan
from orchestrion.runs import Approval, Run, RunState
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
        """Plays a script; `changed` is held, and told of what comes later."""
        self.name = names.new_run()
        self._received, self._changed = received, changed
        self._created = datetime.now(UTC)
        self._log: list[Event] = []
        self._sequence = 0
        self._breaks = sorted(expectation.breaks)
        self._approved = expectation.approved
        self._approved_by = ""
        script = expectation.script
        if received.approval is Approval.REQUIRED:
            script = with_approval(script)
        self._rest = deque(script[:-1] if expectation.held else script)
        self._play()

    @property
    def end(self) -> RunFinished | None:
        """How it ended; None while it goes on."""
        last = self._log[-1].payload if self._log else None
        return last if isinstance(last, RunFinished) else None

    def cancel(self, error: OrchestrionError) -> None:
        """Ends it, unless it has ended."""
        with self._changed:
            if self.end is None:
                self._add(Stage.UNSPECIFIED, RunFinished(RunState.CANCELLED, Error.of(error)))
                self._changed.notify_all()

    def approve(self, plan: Plan | None, request_id: str) -> None:
        """Lets it go on after it has asked for approval.

        Raises:
            FailedPreconditionError: It does not wait for approval.
        """
        with self._changed:
            if request_id and request_id == self._approved_by:
                return
            waiting = self._log[-1].payload
            if not isinstance(waiting, ApprovalAwaited):
                raise Reason.NOT_AWAITING_APPROVAL.error(f"{self.name} does not await approval.", field="name")
            self._approved_by = request_id
            self._approved.append(plan or waiting.plan)
            self._add(Stage.UNSPECIFIED, PlanApproved(None if plan == waiting.plan else plan, request_id))
            self._play()
            self._changed.notify_all()

    def read(self, after: int, going_on: Callable[[], bool]) -> Iterator[Event]:
        """Yields the events after a number, to the end of the run or until the reader is not `going_on`.

        Raises:
            OutOfRangeError: The log does not go that far.
            UnavailableError: The connection breaks here.
        """
        if not 0 <= after <= self._sequence:
            raise Reason.SEQUENCE_OUT_OF_RANGE.error(
                f"after_sequence: give 0 to {self._sequence}.", field="after_sequence"
            )
        seen = (place + 1 for place, event in enumerate(self._log) if event.sequence == after)
        position = next(seen) if after else 0
        while True:
            with self._changed:
                while position >= len(self._log) and self.end is None and going_on():
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

    def told(self) -> Run:
        """Tells the run as its log tells it so far."""
        run = Run(
            self.name,
            self._received.kind,
            RunState.RUNNING,
            self._created,
            last_sequence=self._sequence,
            messages=self._received.messages,
            previous_run=self._received.previous_run,
        )
        for event in self._log:
            match event.payload:
                case PlanFinished(plan):
                    run = replace(run, plan=plan)
                case ApprovalAwaited(_, until):
                    run = replace(run, state=RunState.AWAITING_APPROVAL, approval_deadline_time=until)
                case PlanApproved(edited):
                    run = replace(run, state=RunState.RUNNING, plan=edited or run.plan, approval_deadline_time=None)
                case TaskAssigned(assignment):
                    run = replace(run, assignments=(*run.assignments, assignment))
                case TaskFinished(result):
                    run = replace(run, results=(*run.results, result))
                case AnswerFinished(text, artifacts):
                    run = replace(run, answer=text, answer_artifacts=artifacts)
                case RunFinished(state, error):
                    run = replace(run, state=state, error=error, end_time=event.time, approval_deadline_time=None)
        return run

    def _play(self) -> None:
        """Lets happen what comes next, to the end or until a plan awaits approval."""
        while self._rest:
            stage, payload = self._rest.popleft()
            self._add(stage, payload)
            if isinstance(payload, ApprovalAwaited):
                return

    def _add(self, stage: Stage, payload: Payload) -> None:
        if isinstance(payload, RunStarted) and not payload.messages:
            payload = replace(payload, messages=self._received.messages)
        numbered = not isinstance(payload, NOT_NUMBERED)
        self._sequence += numbered
        sequence = self._sequence if numbered else 0
        self._log.append(Event(self.name, sequence, datetime.now(UTC), stage, payload))
