"""What the fake controller knows: runs and their logs, artifacts, hosts; shared by the threads of its server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from orchestrion import names
from orchestrion.errors import OrchestrionError, Reason, UnavailableError
from orchestrion.events import (
    AnswerFinished,
    Event,
    Payload,
    PlanFinished,
    RunFinished,
    RunStarted,
    Stage,
    TaskAssigned,
    TaskFinished,
)
from orchestrion.experts import Host
from orchestrion.plans import Error
from orchestrion.runs import Artifact, Run, RunState
from orchestrion.testing.expectations import Expectation, Received, unexpected
from orchestrion.testing.scripts import NOT_NUMBERED


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
        *script, end = expectation.script
        for stage, payload in script:
            self._add(stage, payload)
        if not expectation.held:
            self._add(*end)

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
                case TaskAssigned(assignment):
                    run = replace(run, assignments=(*run.assignments, assignment))
                case TaskFinished(result):
                    run = replace(run, results=(*run.results, result))
                case AnswerFinished(text, artifacts):
                    run = replace(run, answer=text, answer_artifacts=artifacts)
                case RunFinished(state, error):
                    run = replace(run, state=state, error=error, end_time=event.time)
        return run

    def _add(self, stage: Stage, payload: Payload) -> None:
        if isinstance(payload, RunStarted) and not payload.messages:
            payload = replace(payload, messages=self._received.messages)
        numbered = not isinstance(payload, NOT_NUMBERED)
        self._sequence += numbered
        sequence = self._sequence if numbered else 0
        self._log.append(Event(self.name, sequence, datetime.now(UTC), stage, payload))


class State:
    """Everything the fake controller knows; threads hold `changed` while they look or write."""

    def __init__(self) -> None:
        """Starts with nothing."""
        self.changed = threading.Condition(threading.RLock())
        self.closing = False
        self.expectations: list[Expectation] = []
        self.faults: list[tuple[str, OrchestrionError, int]] = []
        """What the next calls of a method fail with, and after how many messages."""
        self.complaints: list[str] = []
        """What was not expected."""
        self.runs: dict[str, FakeRun] = {}
        self.artifacts: dict[str, tuple[Artifact, bytes]] = {}
        self.hosts: dict[str, Host] = {}
        self._by_request: dict[str, FakeRun] = {}

    def start(self, received: Received) -> FakeRun:
        """Starts the run that is expected, or finds the one that a call with the same request id started.

        Raises:
            OrchestrionError: Nothing expects it, or it is to be refused.
        """
        with self.changed:
            if received.request_id in self._by_request:
                return self._by_request[received.request_id]
            expectation = next((item for item in self.expectations if item.fits(received)), None)
            if expectation is None:
                error = unexpected(received, self.expectations)
                self.complaints.append(error.message)
                raise error
            expectation.received.append(received)
            if expectation.refusal is not None:
                raise expectation.refusal
            run = FakeRun(received, expectation, self.changed)
            self.runs[run.name] = run
            if received.request_id:
                self._by_request[received.request_id] = run
            return run

    def run(self, name: str) -> FakeRun:
        """Finds a run.

        Raises:
            NotFoundError: There is none of that name.
        """
        with self.changed:
            if name not in self.runs:
                raise Reason.RUN_NOT_FOUND.error(f"There is no {name}.", name=name)
            return self.runs[name]

    def artifact(self, name: str) -> tuple[Artifact, bytes]:
        """Finds an artifact and its content.

        Raises:
            NotFoundError: There is none of that name.
        """
        with self.changed:
            if name not in self.artifacts:
                raise Reason.ARTIFACT_NOT_FOUND.error(f"There is no {name}.", name=name)
            return self.artifacts[name]

    def add(self, content: bytes, file_name: str, media_type: str) -> Artifact:
        """Stores an artifact."""
        name = names.of_content(content)
        artifact = Artifact(name, media_type, file_name, len(content), datetime.now(UTC))
        with self.changed:
            self.artifacts[name] = artifact, content
        return artifact

    def fault(self, method: str) -> tuple[OrchestrionError, int] | None:
        """Takes the next fault that a call of this method is to have, and after how many messages."""
        with self.changed:
            for place, (name, error, after) in enumerate(self.faults):
                if name == method:
                    del self.faults[place]
                    return error, after
            return None

    def problems(self) -> list[str]:
        """Says what was not expected, and what was and did not come."""
        with self.changed:
            unmet = [
                f"Expected {expectation.missing} more of: {expectation}."
                for expectation in self.expectations
                if expectation.missing
            ]
            faults = [
                f"Expected a call of {method}, to fail it with {error.reason}." for method, error, _ in self.faults
            ]
            return [*self.complaints, *unmet, *faults]
