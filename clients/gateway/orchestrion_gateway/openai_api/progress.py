"""What goes on in a run, in a line each: for clients that show what a model thinks before it answers."""

from __future__ import annotations

from orchestrion import Event
from orchestrion.events import (
    AttemptFailed,
    PlanFinished,
    PlanRejected,
    TaskAssigned,
    TaskFinished,
    TaskPlanned,
    TaskRevoked,
    TaskStarted,
)
from orchestrion.plans import Task
from orchestrion.values import ArtifactRef, OutputRef, Value

_LONGEST = 60


def line_of(event: Event) -> str:
    """Returns the line for an event, with its line end; empty for events that say nothing new."""
    text = _text(event)
    return f"{text}\n" if text else ""


def _text(event: Event) -> str:
    match event.payload:
        case TaskPlanned(task=task):
            return f"Plan: {task.type} ({task.id}) of {_inputs(task)}"
        case TaskRevoked(task_id=task_id):
            return f"Plan: without {task_id}"
        case PlanRejected(error=error):
            return f"Plan: made once more. {error.message}"
        case PlanFinished(plan=plan, doubts=doubts):
            return "\n".join(([f"Plan: {plan.no_task_reason}"] if plan.no_task_reason else []) + list(doubts))
        case TaskAssigned(assignment=chosen):
            return f"{chosen.task_id}: {chosen.expert_id} on {_host(chosen.host)}. {chosen.reason}".rstrip()
        case TaskStarted(task_id=task_id, attempt=attempt, host=host, expert_id=expert_id) if attempt > 1:
            return f"{task_id}: attempt {attempt}, {expert_id} on {_host(host)}"
        case AttemptFailed(task_id=task_id, expert_id=expert_id, error=error):
            return f"{task_id}: {expert_id} failed. {error.message}"
        case TaskFinished(result=result, duration_ms=duration_ms):
            why = f" {result.error.message}" if result.error is not None else ""
            return f"{result.task_id}: {result.state.name.lower()} after {duration_ms / 1000:.1f} s.{why}"
        case _:
            return ""


def _inputs(task: Task) -> str:
    return ", ".join(f"{name} {_shown(value)}" for name, value in task.inputs.items()) or "nothing"


def _shown(value: Value) -> str:
    match value:
        case OutputRef(task_id=task_id, output=output):
            return f"= {output} of {task_id}"
        case ArtifactRef():
            return "= a file"
        case str():
            return repr(value if len(value) <= _LONGEST else f"{value[: _LONGEST - 1]}…")
        case tuple():
            return f"= {len(value)} values"
        case float() | int():
            return f"{value:g}"
        case _:
            return "= data"


def _host(name: str) -> str:
    return name.removeprefix("hosts/")
