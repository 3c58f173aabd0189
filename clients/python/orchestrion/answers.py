"""The outcome of a run, or of a stage alone, gathered from its events."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.events import (
    AnswerFinished,
    Event,
    PlanApproved,
    PlanFinished,
    RunFinished,
    TaskAssigned,
    TaskFinished,
)
from orchestrion.experts import Assignment
from orchestrion.plans import Plan, TaskResult
from orchestrion.runs import RunState


@dataclass(frozen=True, slots=True)
class Answer:
    """What a run that succeeded has to say."""

    run: str
    """The name of the run, to continue it with `previous_run`."""
    text: str
    """The answer in words."""
    artifacts: tuple[str, ...]
    """The artifacts that the answer names, for `download` and `read`."""
    plan: Plan
    """The plan that was carried out."""
    results: tuple[TaskResult, ...]
    """What became of each task, in the order in which they ended; single ones may have failed."""

    def result(self, task_id: str) -> TaskResult | None:
        """Returns the result of a task, or None."""
        return next((result for result in self.results if result.task_id == task_id), None)


class PlanGatherer:
    """Takes the events of one run and tells its plan, and who is to perform its tasks."""

    def __init__(self) -> None:
        """Starts with no event seen."""
        self._plan: Plan | None = None
        self._assignments: dict[str, Assignment] = {}

    def add(self, event: Event) -> None:
        """Takes the next event."""
        match event.payload:
            case PlanFinished(plan) | PlanApproved(Plan() as plan):
                self._plan = plan
            case TaskAssigned(assignment):
                self._assignments[assignment.task_id] = assignment

    def plan(self) -> Plan:
        """Returns the plan.

        Raises:
            InternalError: The events ended without one.
        """
        if self._plan is None:
            raise Reason.INTERNAL.error("The events of the run ended without a plan.")
        return self._plan

    def assignments(self) -> tuple[Assignment, ...]:
        """Returns the assignments, in the order of the plan; errors as `plan`."""
        return tuple(self._assignments[task.id] for task in self.plan().tasks if task.id in self._assignments)


class AnswerGatherer:
    """Takes the events of one run and makes its answer."""

    def __init__(self) -> None:
        """Starts with no event seen."""
        self.run = ""
        """The name of the run; empty before its first event."""
        self._plan = Plan()
        self._results: dict[str, TaskResult] = {}
        self._answer: AnswerFinished | None = None
        self._end: RunFinished | None = None

    def add(self, event: Event) -> None:
        """Takes the next event."""
        self.run = event.run
        match event.payload:
            case PlanFinished(plan) | PlanApproved(Plan() as plan):
                self._plan = plan
            case TaskFinished(result):
                self._results[result.task_id] = result
            case AnswerFinished() as answer:
                self._answer = answer
            case RunFinished() as end:
                self._end = end

    def answer(self) -> Answer:
        """Returns the answer of a run that succeeded.

        Raises:
            OrchestrionError: The run failed or was cancelled, or its stream ended before it did.
        """
        if self._end is None or self._answer is None or self._end.state is not RunState.SUCCEEDED:
            raise self.error() or Reason.INTERNAL.error(f"The events of {self.run or 'the run'} ended too soon.")
        return Answer(self.run, self._answer.text, self._answer.artifacts, self._plan, tuple(self._results.values()))

    def error(self) -> OrchestrionError | None:
        """Returns why the run failed or was cancelled; None when it succeeded or has not ended."""
        if self._end is None or self._end.state is RunState.SUCCEEDED:
            return None
        if self._end.error is not None:
            return self._end.error.exception()
        if self._end.state is RunState.CANCELLED:
            return Reason.CANCELLED.error(f"{self.run} was cancelled.", run=self.run)
        return Reason.INTERNAL.error(f"{self.run} failed and does not say why.", run=self.run)
