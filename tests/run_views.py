"""All views of a run beside one another: for each prefix of a log they must agree, and with what the log says.

What a log says is found here by looking through it, event by event and slowly, not by folding it.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pytest
from rich.console import Console

from orchestrion._codec import codec
from orchestrion.answers import answer_of, assignments_of, error_of
from orchestrion.cli import followed_runs
from orchestrion.cli.view.live import LiveView
from orchestrion.errors import OrchestrionError
from orchestrion.events import (
    AnswerFinished,
    ApprovalAwaited,
    Event,
    PlanApproved,
    PlanFinished,
    PlanRejected,
    RunFinished,
    RunStarted,
    TaskAssigned,
    TaskFinished,
    TaskPlanned,
    TaskRevoked,
    TaskStarted,
)
from orchestrion.experts import Assignment
from orchestrion.plans import Error, Plan, Task, TaskResult
from orchestrion.runs import Run, RunKind, RunState
from orchestrion.snapshots import RunSnapshot, apply
from orchestrion.testing.expectations import Expectation, Received
from orchestrion.testing.fake_run import FakeRun
from orchestrion.v1 import events_pb2
from orchestrion.values import references
from orchestrion_controller.runs.views import logged
from orchestrion_evaluation.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Facts:
    """What every view must say."""

    state: RunState
    plan: Plan | None
    assignments: tuple[Assignment, ...]
    results: tuple[TaskResult, ...]
    answer: str
    answer_artifacts: tuple[str, ...]
    error: Error | None

    @classmethod
    def of(cls, run: Run) -> Facts:
        return cls(run.state, run.plan, run.assignments, run.results, run.answer, run.answer_artifacts, run.error)


def check_views(log: Sequence[Event]) -> None:
    """Makes sure that, after each event of a log, every view says what the log does."""
    live = LiveView(Console(file=io.StringIO()))
    sdk = RunSnapshot()
    with live:
        for length, event in enumerate(log, 1):
            prefix = log[:length]
            facts = facts_of(prefix)
            sdk = apply(sdk, event)
            live.show(event)
            assert Facts.of(live.run.as_run()) == facts, "live view"
            assert Facts.of(sdk.as_run()) == facts, "SDK"
            _check_answer(sdk, facts)
            assert Facts.of(_followed(prefix).as_run()) == facts, "commands"
            assert Facts.of(_of_controller(prefix)) == facts, "controller"
            assert Facts.of(_of_fake(prefix)) == facts, "fake controller"
            assert Outcome.of(sdk).rejected_count == sum(isinstance(one.payload, PlanRejected) for one in prefix)


def is_familiar(event: Event) -> bool:
    """Whether this version has the payload of an event: that of a newer server is None."""
    return cast(object, event.payload) is not None


def facts_of(log: Sequence[Event]) -> Facts:
    """Finds what a log says."""
    return _Search(log).facts()


class _Search:
    """Looks through a log; places are indices into it."""

    def __init__(self, log: Sequence[Event]) -> None:
        self._payloads = [event.payload for event in log]

    def facts(self) -> Facts:
        end = self._last(RunFinished)
        answer = self._last(AnswerFinished) or AnswerFinished("")
        plan = self._plan()
        tasks = plan.tasks if plan else ()
        assignments = [self._assignment(task.id) for task in tasks]
        results = sorted((ended for task in tasks if (ended := self._result(task.id))), key=lambda ended: ended[0])
        return Facts(
            end.state if end else RunState.AWAITING_APPROVAL if self._waits() else RunState.RUNNING,
            plan,
            tuple(assignment for assignment in assignments if assignment),
            tuple(result for _, result in results),
            answer.text,
            answer.artifacts,
            end.error if end else None,
        )

    def _last(self, kind: type[Any]) -> Any:
        return next((payload for payload in reversed(self._payloads) if isinstance(payload, kind)), None)

    def _waits(self) -> bool:
        return self._last(ApprovalAwaited) is not None and self._last(PlanApproved) is None

    def _plan(self) -> Plan | None:
        for payload in reversed(self._payloads):
            if isinstance(payload, PlanFinished) or (isinstance(payload, PlanApproved) and payload.plan is not None):
                return payload.plan
        tasks: list[Task] = []
        for place, payload in enumerate(self._payloads):
            if isinstance(payload, TaskPlanned) and place > self._revoked_at(payload.task.id):
                tasks.append(payload.task)
        return Plan(tuple(tasks)) if tasks else None

    def _revoked_at(self, task_id: str, before: int | None = None) -> int:
        return self._place(lambda payload: isinstance(payload, TaskRevoked) and payload.task_id == task_id, before)

    def _place(self, fits: Any, before: int | None = None) -> int:
        """Returns the last place before another one where an event fits; -1 for none."""
        places = [place for place, payload in enumerate(self._payloads[:before]) if fits(payload)]
        return places[-1] if places else -1

    def _begins(self, task_id: str) -> int:
        """Returns the place from which on what is said of a task is meant: not before it was revoked or replaced."""
        revoked = self._revoked_at(task_id)
        replaced = self._place(lambda payload: isinstance(payload, PlanApproved) and payload.plan is not None)
        if revoked > replaced:
            planned = [
                place
                for place, payload in enumerate(self._payloads)
                if place > revoked and isinstance(payload, TaskPlanned) and payload.task.id == task_id
            ]
            return planned[0] if planned else len(self._payloads)
        return replaced

    def _assignment(self, task_id: str) -> Assignment | None:
        chosen = [
            payload.assignment
            for payload in self._payloads[self._begins(task_id) + 1 :]
            if isinstance(payload, TaskAssigned) and payload.assignment.task_id == task_id
        ]
        return chosen[-1] if chosen else None

    def _result(self, task_id: str) -> tuple[int, TaskResult] | None:
        void = self._begins(task_id)
        for ancestor in self._ancestors(task_id):
            void = max(void, self._revoked_at(ancestor))
        void = max(void, self._place(lambda said: isinstance(said, TaskStarted) and said.task_id == task_id))
        ends = [
            (place, payload.result)
            for place, payload in enumerate(self._payloads)
            if place > void and isinstance(payload, TaskFinished) and payload.result.task_id == task_id
        ]
        return (ends[0][0], ends[-1][1]) if ends else None

    def _ancestors(self, task_id: str) -> set[str]:
        parents: dict[str, set[str]] = {}
        for payload in self._payloads:
            if isinstance(payload, TaskPlanned):
                refs = {ref.task_id for value in payload.task.inputs.values() for ref in references(value)}
                parents[payload.task.id] = refs
        ancestors, pending = set[str](), [task_id]
        while pending:
            more = parents.get(pending.pop(), set()) - ancestors
            ancestors |= more
            pending += more
        return ancestors


def _check_answer(run: RunSnapshot, facts: Facts) -> None:
    if facts.state is RunState.SUCCEEDED:
        answer = answer_of(run)
        assert (answer.text, answer.artifacts, answer.results) == (facts.answer, facts.answer_artifacts, facts.results)
        assert answer.plan == facts.plan
    else:
        with pytest.raises(OrchestrionError) as caught:
            answer_of(run)
        assert facts.error is None or caught.value.reason == facts.error.reason
    assert (error_of(run) is not None) is (facts.state in (RunState.FAILED, RunState.CANCELLED))
    if run.plan is not None:
        assert assignments_of(run) == facts.assignments


def _followed(log: Sequence[Event]) -> RunSnapshot:
    def start(timeout: float | None) -> Generator[Event, None, None]:
        yield from log

    # No client is needed to follow events that are there.
    return followed_runs.follow(cast(Any, None), start, lambda event: None)


def _of_controller(log: Sequence[Event]) -> Run:
    row = Run(log[0].run, RunKind.FULL, RunState.RUNNING, log[0].time)
    written = [codec.encode(event).SerializeToString() for event in log if event.sequence and is_familiar(event)]
    return logged(row, [codec.decode(events_pb2.Event.FromString(event), Event) for event in written])


def _of_fake(log: Sequence[Event]) -> Run:
    expectation = Expectation(None, RunKind.FULL, None, None)
    script = [(event.stage, event.payload) for event in log if is_familiar(event)]
    # The fake waits for an approval, or for a cancellation: neither is in its script.
    waits = any(isinstance(before, ApprovalAwaited) for (_, before) in script[-2:-1])
    cancelled = script.pop()[1] if waits and isinstance(script[-1][1], RunFinished) else None
    expectation.script = tuple(said for said in script if not isinstance(said[1], PlanApproved))
    started = next(event.payload for event in log if isinstance(event.payload, RunStarted))
    run = FakeRun(Received(RunKind.FULL, started.messages), expectation, threading.Condition())
    for event in log:
        if isinstance(event.payload, PlanApproved):
            run.approve(event.payload.plan, event.payload.request_id)
    if isinstance(cancelled, RunFinished) and cancelled.error is not None:
        run.cancel(cancelled.error.exception())
    return run.snapshot.as_run()
