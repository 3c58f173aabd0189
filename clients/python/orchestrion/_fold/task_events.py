"""What single events change in the task that they name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias, TypeVar

from orchestrion._fold.streamed_text import NO_TEXT
from orchestrion._fold.task_snapshots import TaskPhase, TaskSnapshot
from orchestrion.events import (
    AttemptFailed,
    TaskAssigned,
    TaskFinished,
    TaskPreview,
    TaskProgress,
    TaskStarted,
    TaskText,
)

TaskPayload: TypeAlias = (
    TaskAssigned | TaskStarted | TaskProgress | TaskText | TaskPreview | AttemptFailed | TaskFinished
)
"""What can be said of a task that has been planned."""

V = TypeVar("V")


def task_id_of(payload: TaskPayload) -> str:
    """Returns the id of the task that a payload is about."""
    match payload:
        case TaskAssigned(assignment):
            return assignment.task_id
        case TaskFinished(result):
            return result.task_id
        case _:
            return payload.task_id


def apply_to_task(task: TaskSnapshot, payload: TaskPayload, time: datetime | None) -> TaskSnapshot:
    """Returns a task after an event about it, which happened at this time."""
    match payload:
        case TaskText():
            key = (payload.item, payload.output)
            text = task.texts.get(key, NO_TEXT).plus(payload.text)
            return replace(task, texts={**task.texts, key: text}, text_key=key)
        case TaskProgress():
            return task if task.phase.ended else _progressed(task, payload)
        case TaskPreview():
            return replace(task, previews={**task.previews, payload.item: payload})
        case TaskAssigned(assignment):
            if task.phase > TaskPhase.ASSIGNED:
                return replace(task, assignment=assignment)
            return replace(
                task,
                phase=TaskPhase.ASSIGNED,
                assignment=assignment,
                host=assignment.host,
                expert_id=assignment.expert_id,
            )
        case TaskStarted():
            return _started(task, payload, time)
        case AttemptFailed():
            return replace(task, failures=(*task.failures, payload))
        case TaskFinished(result, duration_ms):
            phase = TaskPhase.of(result.state)
            return replace(task, phase=phase, result=result, duration_ms=duration_ms, message="")


def _started(task: TaskSnapshot, start: TaskStarted, time: datetime | None) -> TaskSnapshot:
    if task.phase.ended:
        # It had the outputs of a task that was revoked, and starts anew.
        task = task.anew()
    return replace(
        task,
        phase=TaskPhase.RUNNING,
        host=start.host,
        expert_id=start.expert_id,
        attempts={**task.attempts, start.item: start.attempt},
        item_count=start.item_count,
        # What an attempt that failed had done counts no more.
        fractions=_without(task.fractions, start.item),
        previews=_without(task.previews, start.item),
        texts={key: text for key, text in task.texts.items() if key[0] != start.item},
        message="" if start.item is None else task.message,
        start_time=task.start_time or time,
    )


def _progressed(task: TaskSnapshot, progress: TaskProgress) -> TaskSnapshot:
    fractions = task.fractions
    if progress.fraction is not None:
        fractions = {**fractions, progress.item: min(max(progress.fraction, 0.0), 1.0)}
    # What single items do goes by too fast to be read.
    message = progress.message if progress.item is None else task.message
    return replace(task, fractions=fractions, message=message)


def _without(values: Mapping[int | None, V], item: int | None) -> Mapping[int | None, V]:
    return {key: value for key, value in values.items() if key != item} if item in values else values
