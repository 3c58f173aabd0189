"""What a run has come to, as progress notifications have it: a fraction that only grows, and a line of words."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from orchestrion import Event, RunSnapshot
from orchestrion.events import (
    AttemptFailed,
    Stage,
    StageStarted,
    TaskAssigned,
    TaskFinished,
    TaskPlanned,
    TaskProgress,
    TaskStarted,
)
from orchestrion.runs import RunKind

Report = Callable[[float, float, str], Awaitable[None]]
"""Sends a notification: how far, of how much, and in words."""

_TOTAL: Final = 1.0
_STAGES: Final = {Stage.PLAN: "Plans the request", Stage.RESPOND: "Writes the answer"}
_PLANNED: Final = 0.1
"""How far a whole run is when its plan exists."""
_PERFORMED: Final = 0.9
"""How far a whole run is when its tasks have ended."""
_INTERVAL_S: Final = 1.0
"""How often a task that says the same again is heard, in seconds: clients wait longer while they hear something."""


class ProgressReport:
    """Reports one run. Whoever reads slowly is told less often: no notification waits for another."""

    def __init__(self, report: Report) -> None:
        """Sends nothing yet."""
        self._report = report
        self._last = 0.0
        self._words = ""
        self._next_s = 0.0

    async def show(self, run: RunSnapshot, event: Event) -> None:
        """Reports what an event brought, where that is worth a line.

        Args:
            run: The run with the event.
            event: The event.
        """
        words = words_of(run, event)
        now_s = asyncio.get_running_loop().time()
        if not words or (isinstance(event.payload, TaskProgress) and words == self._words and now_s < self._next_s):
            return
        self._words, self._next_s = words, now_s + _INTERVAL_S
        # The protocol wants each to be more than the one before, also where nothing but the words is new.
        further = max(fraction_of(run), self._last + (_TOTAL - self._last) / 1000)
        if further > self._last:
            self._last = further
            await self._report(further, _TOTAL, words)


def words_of(run: RunSnapshot, event: Event) -> str:
    """Says what an event is; empty for one that is told by others."""
    match event.payload:
        case StageStarted():
            return _STAGES.get(event.stage, "")
        case TaskPlanned(task):
            return f"{task.type}: planned" if run.kind is RunKind.FULL else ""
        case TaskAssigned(assignment):
            return f"{_type(run, assignment.task_id)}: goes to {assignment.expert_id}"
        case TaskStarted() as started:
            of_items = "" if started.item is None else f" ({started.item + 1} of {started.item_count})"
            return f"{_type(run, started.task_id)}: runs on {started.expert_id}{of_items}"
        case TaskProgress() as progress:
            part = "" if progress.fraction is None else f"{progress.fraction:.0%}"
            details = ", ".join(text for text in (progress.message, part) if text)
            return f"{_type(run, progress.task_id)}: {details}" if details else ""
        case AttemptFailed() as failure:
            then = "; another expert is tried" if failure.retried else ""
            return f"{_type(run, failure.task_id)}: {failure.expert_id} failed{then}: {failure.error.message}"
        case TaskFinished(result):
            return f"{_type(run, result.task_id)}: {result.state.name.lower()}"
        case _:
            return ""


def fraction_of(run: RunSnapshot) -> float:
    """Returns how far a run is, 0 to 1, as far as anybody can tell; 1 is left to its end."""
    tasks = run.tasks.values()
    parts = [1.0 if task.phase.ended else task.fraction or 0.0 for task in tasks]
    performed = sum(parts) / len(parts) if parts else 0.0
    if run.kind is not RunKind.FULL:
        return performed * _PERFORMED
    if Stage.RESPOND in run.stages:
        return _PERFORMED
    return _PLANNED + (_PERFORMED - _PLANNED) * performed if run.plan is not None else 0.0


def _type(run: RunSnapshot, task_id: str) -> str:
    task = run.tasks.get(task_id)
    return (task.type if task else "") or task_id
