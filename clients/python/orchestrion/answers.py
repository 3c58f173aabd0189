"""The outcome of a run, or of a stage alone, read from its snapshot."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrion.errors import REFUSALS, OrchestrionError, Reason
from orchestrion.experts import Assignment
from orchestrion.plans import Plan, TaskResult
from orchestrion.refusals import NotDone
from orchestrion.runs import RunState
from orchestrion.snapshots import RunSnapshot


@dataclass(frozen=True, slots=True)
class Answer:
    """What a run that succeeded has to say."""

    run: str
    """The name of the run, to continue it with `previous_run`."""
    text: str
    """The answer in words."""
    artifacts: tuple[str, ...]
    """The artifacts that the answer names, for `client.artifacts`."""
    plan: Plan
    """The plan that was carried out."""
    results: tuple[TaskResult, ...]
    """What became of each task, in the order in which they ended; single ones may have failed."""
    not_done: tuple[NotDone, ...] = ()
    """What the request asks for and the plan does not do; the text says so."""

    def result(self, task_id: str) -> TaskResult | None:
        """Returns the result of a task, or None."""
        return next((result for result in self.results if result.task_id == task_id), None)


def answer_of(run: RunSnapshot) -> Answer:
    """Returns the answer of a run that succeeded.

    Raises:
        OrchestrionError: The run failed or was cancelled, or its stream ended before it did.
    """
    if run.state is not RunState.SUCCEEDED or not run.answered:
        raise error_of(run) or Reason.INTERNAL.error(f"The events of {run.name or 'the run'} ended too soon.")
    return Answer(run.name, run.answer, run.answer_artifacts, run.plan or Plan(), run.results, run.not_done)


def error_of(run: RunSnapshot) -> OrchestrionError | None:
    """Returns why a run failed or was cancelled; None when it succeeded or has not ended."""
    if not run.state.ended or run.state is RunState.SUCCEEDED:
        return None
    if run.error is not None:
        error = run.error.exception()
        if error.reason in REFUSALS:
            error.not_done, error.questions = run.not_done, run.questions
        return error
    if run.state is RunState.CANCELLED:
        return Reason.CANCELLED.error(f"{run.name} was cancelled.", run=run.name)
    return Reason.INTERNAL.error(f"{run.name} failed and does not say why.", run=run.name)


def plan_of(run: RunSnapshot) -> Plan:
    """Returns the whole plan of a run.

    Raises:
        InternalError: The events ended without one.
    """
    if run.plan is None:
        raise Reason.INTERNAL.error("The events of the run ended without a plan.")
    return run.plan


def assignments_of(run: RunSnapshot) -> tuple[Assignment, ...]:
    """Returns the assignments of a run, in the order of its plan; errors as `plan_of`."""
    plan_of(run)
    return run.assignments
