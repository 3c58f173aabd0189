"""A snapshot from what `GetRun` gives, for who goes on from there."""

from __future__ import annotations

from orchestrion._fold.plan_events import with_plan, with_task_event
from orchestrion._fold.run_snapshots import ApprovalSnapshot, RunSnapshot
from orchestrion.events import TaskAssigned, TaskFinished
from orchestrion.runs import Run, RunState


def of_run(run: Run) -> RunSnapshot:
    """Returns what a run, as `GetRun` gives it, says; `apply` goes on with the events after its `last_sequence`."""
    awaits = run.state is RunState.AWAITING_APPROVAL
    snapshot = RunSnapshot(
        name=run.name,
        kind=run.kind,
        state=run.state,
        create_time=run.create_time,
        end_time=run.end_time,
        deadline_time=run.deadline_time,
        previous_run=run.previous_run,
        last_sequence=run.last_sequence,
        messages=run.messages,
        approval=ApprovalSnapshot(run.plan, deadline_time=run.approval_deadline_time) if awaits else None,
        answered=bool(run.answer),
        answer=run.answer,
        answer_artifacts=run.answer_artifacts,
        error=run.error,
    )
    if run.plan is not None:
        snapshot = with_plan(snapshot, run.plan)
    for assignment in run.assignments:
        snapshot = with_task_event(snapshot, TaskAssigned(assignment), None, run.last_sequence)
    for result in run.results:
        snapshot = with_task_event(snapshot, TaskFinished(result), None, run.last_sequence)
    return snapshot
