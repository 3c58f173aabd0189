"""Events to the state of the live view, one at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from orchestrion.cli.printer import attempt_failure, clock, named, one_line, printable
from orchestrion.cli.view.state import EMPTY, Phase, RunView, StageView, TaskView
from orchestrion.events import (
    AnswerFinished,
    AnswerText,
    ApprovalAwaited,
    AttemptFailed,
    Event,
    PlanApproved,
    PlanFinished,
    PlanRejected,
    RunFinished,
    RunStarted,
    StageFinished,
    StageStarted,
    TaskAssigned,
    TaskFinished,
    TaskPlanned,
    TaskProgress,
    TaskRevoked,
    TaskStarted,
    TaskText,
)
from orchestrion.plans import Plan, Task, TaskResult
from orchestrion.runs import RunState
from orchestrion.values import references

_LONGEST_TAIL: Final = 400
"""How much of a task's streamed text is kept, in characters: more than any line shows."""


def fold(run: RunView, event: Event) -> RunView:
    """Returns the run as it is after an event. Events that the view does not show leave it as it was."""
    if not run.name:
        run = replace(run, name=event.run)
    match event.payload:
        case RunStarted() as start:
            request = start.messages[-1].text if start.messages else ""
            return replace(run, kind=start.kind, request=one_line(request))
        case StageStarted(performer):
            return run.with_stage(event.stage, StageView(one_line(performer), event.time))
        case StageFinished() as end:
            known = run.stages.get(event.stage, StageView())
            return run.with_stage(event.stage, replace(known, outcome=end.outcome, duration_ms=end.duration_ms))
        case TaskPlanned(task):
            return run.with_task(_task(run, task))
        case PlanRejected(error):
            return replace(run, rejections=(*run.rejections, one_line(error.message)))
        case TaskRevoked(task_id):
            return replace(run, tasks={name: task for name, task in run.tasks.items() if name != task_id})
        case PlanFinished(plan, doubts=doubts):
            return replace(planned(run, plan), doubts=tuple(map(one_line, doubts)))
        case ApprovalAwaited(deadline_time=until):
            return replace(run, state=RunState.AWAITING_APPROVAL, approval=clock(until, event.time))
        case PlanApproved(edited):
            going = replace(run, state=RunState.RUNNING, approval="")
            return going if edited is None else planned(replace(going, tasks=EMPTY), edited)
        case TaskAssigned(choice):
            return run.with_task(_assigned(run.task(choice.task_id), choice.expert_id, choice.host, choice.reason))
        case TaskStarted() as start:
            return run.with_task(_started(run.task(start.task_id), start, event.time))
        case TaskProgress() as progress:
            return run.with_task(_progressed(run.task(progress.task_id), progress))
        case TaskText() as piece:
            return run.with_task(_written(run.task(piece.task_id), piece))
        case AttemptFailed() as failure:
            return run.with_task(_failed(run.task(failure.task_id), failure))
        case TaskFinished(result, duration_ms):
            return run.with_task(_ended(run.task(result.task_id), result, duration_ms))
        case AnswerText(text):
            return replace(run, answer=run.answer + printable(text))
        case AnswerFinished() as answer:
            return replace(run, answer=printable(answer.text), answered=True)
        case RunFinished() as end:
            why = "" if end.error is None else one_line(end.error.message)
            return replace(run, state=end.state, approval="", error=why, duration_ms=end.duration_ms)
    return run


def planned(run: RunView, plan: Plan) -> RunView:
    """Returns the run with all tasks of a plan; those that have been told alone before stay as they are."""
    for task in plan.tasks:
        if not run.task(task.id).type:
            run = run.with_task(_task(run, task))
    return replace(run, no_task_reason=one_line(plan.no_task_reason))


def _task(run: RunView, task: Task) -> TaskView:
    parents = {ref.task_id: None for value in task.inputs.values() for ref in references(value)}
    # In the order of the plan, since the inputs have none on the wire; ids not planned yet come last.
    order = {task_id: place for place, task_id in enumerate(run.tasks)}
    ordered = sorted(parents, key=lambda task_id: (order.get(task_id, len(order)), task_id))
    return replace(run.task(task.id), type=task.type, parents=tuple(ordered))


def _assigned(task: TaskView, expert_id: str, host: str, reason: str) -> TaskView:
    return replace(
        task, phase=Phase.ASSIGNED, expert_id=expert_id, host=host.removeprefix("hosts/"), reason=one_line(reason)
    )


def _started(task: TaskView, start: TaskStarted, time: datetime | None) -> TaskView:
    if start.attempt > 1:
        # What an attempt that failed had done counts no more.
        kept = {item: part for item, part in task.fractions.items() if item != start.item}
        task = replace(task, fractions=kept, message="", text="")
    return replace(
        task,
        phase=Phase.RUNNING,
        expert_id=start.expert_id,
        host=start.host.removeprefix("hosts/"),
        attempt=max(task.attempt, start.attempt),
        item_count=start.item_count,
        items=task.items if start.item is None else task.items | {start.item},
        start_time=task.start_time or time,
    )


def _progressed(task: TaskView, progress: TaskProgress) -> TaskView:
    fractions = task.fractions
    if progress.fraction is not None:
        fractions = {**fractions, progress.item: min(max(progress.fraction, 0.0), 1.0)}
    # What single items do goes by too fast to be read.
    message = one_line(progress.message) if progress.item is None else task.message
    return replace(task, fractions=fractions, message=message)


def _written(task: TaskView, piece: TaskText) -> TaskView:
    before = task.text if piece.item == task.text_item else ""
    # Not one_line: pieces end in the middle of words, and their spaces count.
    after = (before + printable(piece.text).replace("\n", " "))[-_LONGEST_TAIL:]
    return replace(task, text=after, text_item=piece.item)


def _failed(task: TaskView, failure: AttemptFailed) -> TaskView:
    item = "" if failure.item is None else f"item {failure.item + 1}, "
    return replace(task, failures=(*task.failures, item + attempt_failure(failure)))


def _ended(task: TaskView, result: TaskResult, duration_ms: float) -> TaskView:
    outcome = named(result.outputs) if result.error is None else one_line(result.error.message)
    return replace(task, phase=Phase.of(result.state), duration_ms=duration_ms, outcome=outcome, message="")
