"""Folds a run's events into the run as they tell it. A pure function: the log is the truth, this is a view of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from orchestrion import events
from orchestrion.experts import Assignment
from orchestrion.plans import Plan, Task, TaskResult
from orchestrion.runs import Run, RunState


def fold(run: Run, log: Iterable[events.Event]) -> Run:
    """Adds to a run's row what its events tell: messages, plan, assignments, results, answer, state and error."""
    tasks: dict[str, Task] = {}
    assignments: dict[str, Assignment] = {}
    results: dict[str, TaskResult] = {}
    plan: Plan | None = None
    for event in log:
        run = replace(run, last_sequence=max(run.last_sequence, event.sequence))
        match event.payload:
            case events.RunStarted(messages=messages):
                run = replace(run, messages=messages)
            case events.TaskPlanned(task=task):
                tasks[task.id] = task
            case events.TaskRevoked(task_id=task_id):
                for found in (tasks, assignments, results):
                    found.pop(task_id, None)
            case events.PlanFinished(plan=whole):
                plan = whole
            case events.ApprovalAwaited(deadline_time=until):
                run = replace(run, state=RunState.AWAITING_APPROVAL, approval_deadline_time=until)
            case events.PlanApproved(plan=edited):
                run = replace(run, state=RunState.RUNNING, approval_deadline_time=None)
                plan = edited or plan
            case events.TaskAssigned(assignment=assignment):
                assignments[assignment.task_id] = assignment
            case events.TaskFinished(result=result):
                results[result.task_id] = result
            case events.AnswerFinished(text=text, artifacts=artifacts):
                run = replace(run, answer=text, answer_artifacts=artifacts)
            case events.RunFinished(state=state, error=error):
                run = replace(run, state=state, error=error, end_time=event.time, approval_deadline_time=None)
            case _:
                pass
    return replace(
        run,
        plan=plan or (Plan(tuple(tasks.values())) if tasks else None),
        assignments=tuple(assignments.values()),
        results=tuple(results.values()),
    )
