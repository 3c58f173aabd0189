"""What a run's snapshot says, in words that fit on one line and cannot steer the terminal."""

from __future__ import annotations

from typing import Final

from orchestrion.cli.not_done import lines
from orchestrion.cli.printer import attempt_failure, clock, named, one_line, printable, whole_line
from orchestrion.runs import RunState
from orchestrion.snapshots import RunSnapshot, TaskSnapshot

_LONGEST_TAIL: Final = 400
"""How much of a task's streamed text is looked at, in characters: more than any line shows."""


def request(run: RunSnapshot) -> str:
    """Says what was asked."""
    return one_line(run.request)


def rejections(run: RunSnapshot) -> list[str]:
    """Says why plans went back to the planner, a line each."""
    return [one_line(error.message) for error in run.rejections]


def doubts(run: RunSnapshot) -> str:
    """Says what the planner was unsure of."""
    return whole_line(" ".join(run.doubts))


def not_done(run: RunSnapshot) -> list[str]:
    """Says what the plan does not do, and what the planner asks; nothing where the run's error says it."""
    if run.state is RunState.FAILED:
        return []
    return [whole_line(line) for line in lines(run.not_done, run.questions)]


def no_task_reason(run: RunSnapshot) -> str:
    """Says why no expert is needed; empty where one is, and where the plan leaves everything out."""
    if run.plan is None or run.not_done:
        return ""
    return whole_line(run.plan.no_task_reason)


def awaits_until(run: RunSnapshot) -> str:
    """Says until when the plan awaits approval; empty where it does not."""
    if run.approval is None or run.state is not RunState.AWAITING_APPROVAL:
        return ""
    return clock(run.approval.deadline_time, run.approval.start_time)


def place(task: TaskSnapshot) -> str:
    """Says who performs a task, and where; empty while nobody is chosen."""
    return f"{task.expert_id} @ {task.host.removeprefix('hosts/')}" if task.expert_id else ""


def reason(task: TaskSnapshot) -> str:
    """Says why this expert on this host."""
    return one_line(task.assignment.reason) if task.assignment else ""


def failures(task: TaskSnapshot) -> list[str]:
    """Says which attempts failed, and why, a line each."""
    return [
        ("" if failure.item is None else f"item {failure.item + 1}, ") + attempt_failure(failure)
        for failure in task.failures
    ]


def message(task: TaskSnapshot) -> str:
    """Says what a task is doing."""
    return one_line(task.message)


def written(task: TaskSnapshot) -> str:
    """Returns the end of what a task writes."""
    return " ".join(printable(task.text.tail(_LONGEST_TAIL)).split())


def outcome(task: TaskSnapshot) -> str:
    """Says what a task made, or why it made nothing; empty before its end."""
    if task.result is None:
        return ""
    return named(task.result.outputs) if task.result.error is None else one_line(task.result.error.message)
