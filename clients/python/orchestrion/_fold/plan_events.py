"""What single events change in the plan of a run and in its tasks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from orchestrion import events
from orchestrion._fold.run_snapshots import ApprovalSnapshot, RunSnapshot
from orchestrion._fold.task_events import TaskPayload, apply_to_task, task_id_of
from orchestrion._fold.task_snapshots import TaskPhase, TaskSnapshot
from orchestrion.plans import Plan, Task
from orchestrion.runs import RunState
from orchestrion.values import references


def apply_to_plan(snapshot: RunSnapshot, event: events.Event) -> RunSnapshot:
    """Returns a run after an event about its plan; any other changes nothing."""
    match event.payload:
        case events.TaskPlanned(task):
            return _with_task(snapshot, task)
        case events.PlanRejected(error):
            return replace(snapshot, rejections=(*snapshot.rejections, error))
        case events.TaskRevoked(task_id):
            return _without_task(snapshot, task_id)
        case events.PlanFinished() as end:
            return replace(
                with_plan(snapshot, end.plan),
                confidence=end.confidence,
                doubts=end.doubts,
                not_done=end.not_done,
                questions=end.questions,
            )
        case events.ApprovalAwaited(plan, deadline_time):
            approval = ApprovalSnapshot(plan, event.time, deadline_time)
            return replace(snapshot, state=RunState.AWAITING_APPROVAL, approval=approval)
        case events.PlanApproved(edited, request_id):
            approval = replace(
                snapshot.approval or ApprovalSnapshot(), approved=True, edited_plan=edited, request_id=request_id
            )
            snapshot = replace(snapshot, state=RunState.RUNNING, approval=approval)
            if edited is None:
                return snapshot
            # The tasks of the edited plan are others, also where they have the same ids; nobody says what it lacks.
            return with_plan(replace(snapshot, tasks={}, not_done=(), questions=()), edited)
    return snapshot


def with_plan(snapshot: RunSnapshot, plan: Plan) -> RunSnapshot:
    """Returns a run whose whole plan this is: it has these tasks in this order, each where it already is."""
    places = {task.id: place for place, task in enumerate(plan.tasks)}
    tasks = {task.id: _planned(snapshot.tasks.get(task.id), task, places) for task in plan.tasks}
    revoked = {task_id: task for task_id, task in snapshot.revoked.items() if task_id not in tasks}
    ended = tuple(task_id for task_id in snapshot.ended if task_id in tasks and tasks[task_id].result is not None)
    return replace(snapshot, plan=plan, tasks=tasks, revoked=revoked, ended=ended)


def with_task_event(snapshot: RunSnapshot, payload: TaskPayload, time: datetime | None, sequence: int) -> RunSnapshot:
    """Returns a run after an event about one of its tasks, which happened at this time and has this number."""
    task_id = task_id_of(payload)
    if task_id in snapshot.revoked:
        # What a task was doing when it was revoked may be written down after that.
        return replace(snapshot, last_sequence=sequence)
    before = snapshot.tasks.get(task_id) or TaskSnapshot(task_id)
    task = apply_to_task(before, payload, time)
    tasks = {**snapshot.tasks, task_id: task}
    if (task.result is None) is (before.result is None):
        return replace(snapshot, last_sequence=sequence, tasks=tasks)
    others = tuple(other for other in snapshot.ended if other != task_id)
    ended = others if task.result is None else (*others, task_id)
    return replace(snapshot, last_sequence=sequence, tasks=tasks, ended=ended)


def _with_task(snapshot: RunSnapshot, task: Task) -> RunSnapshot:
    places = {task_id: place for place, task_id in enumerate(snapshot.tasks)}
    planned = _planned(snapshot.tasks.get(task.id), task, places)
    revoked = {task_id: old for task_id, old in snapshot.revoked.items() if task_id != task.id}
    # A plan that grows is not whole, whatever was taken for it.
    return replace(snapshot, plan=None, tasks={**snapshot.tasks, task.id: planned}, revoked=revoked)


def _without_task(snapshot: RunSnapshot, task_id: str) -> RunSnapshot:
    stale = _dependents(snapshot.tasks.values(), task_id)
    # What had its outputs starts anew: a task of the same id may give others.
    tasks = {
        other: task.anew() if other in stale else task for other, task in snapshot.tasks.items() if other != task_id
    }
    gone = replace(snapshot.tasks.get(task_id) or TaskSnapshot(task_id), phase=TaskPhase.REVOKED)
    ended = tuple(other for other in snapshot.ended if other in tasks and tasks[other].result is not None)
    return replace(snapshot, tasks=tasks, revoked={**snapshot.revoked, task_id: gone}, ended=ended)


def _dependents(tasks: Iterable[TaskSnapshot], task_id: str) -> set[str]:
    """Finds the tasks that wait for a task, also by way of others."""
    children: dict[str, list[str]] = {}
    for task in tasks:
        for parent in task.parents:
            children.setdefault(parent, []).append(task.id)
    dependents: set[str] = set()
    pending = [task_id]
    while pending:
        more = set(children.get(pending.pop(), ())) - dependents
        dependents |= more
        pending += more
    return dependents


def _planned(before: TaskSnapshot | None, task: Task, places: Mapping[str, int]) -> TaskSnapshot:
    parents = {reference.task_id for value in task.inputs.values() for reference in references(value)}
    # In the order of the plan, since inputs have none on the wire; ids that are not planned yet come last.
    ordered = tuple(sorted(parents, key=lambda parent: (places.get(parent, len(places)), parent)))
    return replace(before or TaskSnapshot(task.id), task=task, parents=ordered)
