"""Events as plain lines, as they come: the stage, then what happened in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from orchestrion import events
from orchestrion.cli import not_done
from orchestrion.plans import Plan, TaskResult, TaskState
from orchestrion.values import ArtifactRef, Json, OutputRef, Value

_LONGEST: Final = 160
"""Where a text is cut, in characters; the answer is not."""
_LONGEST_JSON: Final = 60
"""Structured data that takes more characters is only counted."""

_STEERING: Final = dict.fromkeys(
    [
        *(code for code in range(0x20) if chr(code) not in "\n\t"),
        *range(0x7F, 0xA0),  # Delete, and the control characters of 8 bits.
        *range(0x2028, 0x202F),  # Line ends of Unicode, and overrides of the writing direction.
        *range(0x2066, 0x206A),  # Isolates of the writing direction.
        *range(0xD800, 0xE000),  # Halves of surrogate pairs, as in file names that are no UTF-8.
        0xFEFF,
    ]
)


class Printer:
    """Writes the events of a run."""

    def __init__(self, write: Callable[[str], None]) -> None:
        """Keeps what takes the lines."""
        self._write = write

    def show(self, event: events.Event) -> None:
        """Writes what an event tells, in one line; some need none, and a plan has one for each part that it lacks."""
        stage = "run" if event.stage is events.Stage.UNSPECIFIED else event.stage.name.lower()
        for line in describe(event).splitlines():
            self._write(f"{stage:<8} {line}")


def describe(event: events.Event) -> str:
    """Says in one line what happened; empty where another event says it better. A plan may take several lines."""
    match event.payload:
        case events.RunStarted():
            return event.run
        case events.StageStarted(performer):
            return f"by {performer}" if performer else "begins"
        case events.StageFinished() as end:
            return _stage_end(end)
        case events.TaskPlanned(task):
            return f"{task.id}: {task.type} ({named(task.inputs)})"
        case events.PlanRejected(error):
            return f"the plan goes back to the planner: {one_line(error.message)}"
        case events.TaskRevoked(task_id):
            return f"{task_id} is no longer part of the plan"
        case events.PlanFinished() as end:
            return "\n".join(_plan_end(end))
        case events.ApprovalAwaited(deadline_time=until):
            return f"plan awaits approval until {clock(until, event.time)}"
        case events.PlanApproved(edited):
            return "plan approved" if edited is None else f"plan approved with changes: {_tasks(edited)}"
        case events.HostsAwaited(hosts, until):
            names = ", ".join(_host(host) for host in hosts)
            return f"waits for {names} after the controller's restart, until {clock(until, event.time)} at most"
        case events.TaskAssigned(choice):
            reason = f": {one_line(choice.reason)}" if choice.reason else ""
            return f"{choice.task_id} to {choice.expert_id} on {_host(choice.host)}{reason}"
        case events.TaskStarted() as start:
            again = f", attempt {start.attempt}" if start.attempt > 1 else ""
            whole = _item(start.task_id, start.item, start.item_count)
            return f"{whole} started by {start.expert_id} on {_host(start.host)}{again}"
        case events.TaskProgress() as progress:
            share = "" if progress.fraction is None else f" {progress.fraction:.0%}"
            return f"{_item(progress.task_id, progress.item)}{share} {one_line(progress.message)}".rstrip()
        case events.TaskText() as piece:
            return f"{_item(piece.task_id, piece.item)} {piece.output}: {render(piece.text)}"
        case events.TaskPreview() as preview:
            return f"{_item(preview.task_id, preview.item)} first look, {preview.media_type}"
        case events.AttemptFailed() as failure:
            return f"{_item(failure.task_id, failure.item)} {attempt_failure(failure)}"
        case events.TaskFinished(result, duration_ms):
            return _task_end(result, duration_ms)
        case events.AnswerText() | events.AnswerFinished():
            return ""
        case events.RunFinished() as end:
            why = f": {whole_line(end.error.message)}" if end.error else ""
            return f"{end.state.name.lower()} after {duration(end.duration_ms)}{why}"
    return ""  # A newer controller tells what this version has no words for.


def render(value: Value) -> str:
    """Writes a value in at most one line."""
    match value:
        case str():
            return f'"{one_line(value)}"'
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return f"{value:.6g}"
        case ArtifactRef(name):
            content, dash, suffix = name.partition("-")
            return f"{content[: len('artifacts/') + 8]}{dash}{suffix[:4]}"
        case OutputRef(task_id, output, index):
            return f"{task_id}.{output}" + ("" if index is None else f"[{index}]")
        case Json(list() | dict() as data) if len(str(data)) > _LONGEST_JSON:
            return f"{len(data)} items" if isinstance(data, list) else f"{len(data)} fields"
        case Json(data):
            return one_line(str(data))
        case _:
            return "[" + ", ".join(render(item) for item in value) + "]"


def one_line(text: str, longest: int = _LONGEST) -> str:
    """Writes a text on one line, cut where it is long, and without codes that would steer the terminal."""
    joined = whole_line(text)
    return joined if len(joined) <= longest else joined[: longest - 1] + "…"


def whole_line(text: str) -> str:
    """Writes a text on one line, however long, and without codes that would steer the terminal."""
    return printable(" ".join(text.split()))


def printable(text: str) -> str:
    """Takes out of a text what would steer the terminal or turn its direction; line ends and tabs stay."""
    return text.translate(_STEERING)


def duration(milliseconds: float) -> str:
    """Writes a duration."""
    return f"{milliseconds:.0f} ms" if milliseconds < 1_000 else f"{milliseconds / 1_000:.2f} s"


def clock(moment: datetime | None, now: datetime | None) -> str:
    """Writes a moment of the near future by the clock here; with its date when it is not within a day."""
    if moment is None:
        return "it is given"
    far = now is None or moment - now >= timedelta(days=1)
    return f"{moment.astimezone():%Y-%m-%d %H:%M}" if far else f"{moment.astimezone():%H:%M:%S}"


def _plan_end(end: events.PlanFinished) -> list[str]:
    lines = [f"not done: {whole_line(line)}" for line in not_done.lines(end.not_done)]
    lines += [f"asks: {whole_line(line)}" for line in not_done.lines((), end.questions)]
    if not end.plan.tasks and not lines:
        return [f"no expert needed: {one_line(end.plan.no_task_reason)}"]
    return [f"not sure: {whole_line(' '.join(end.doubts))}", *lines] if end.doubts else lines


def _stage_end(end: events.StageFinished) -> str:
    cached = f" ({end.cached_token_count} cached)" if end.cached_token_count else ""
    tokens = f", {end.prompt_token_count}{cached} + {end.completion_token_count} tokens" if end.llm_call_count else ""
    outcome = "done" if end.outcome is events.StageOutcome.SUCCEEDED else end.outcome.name.lower()
    return f"{outcome} in {duration(end.duration_ms)}{tokens}"


def _task_end(result: TaskResult, duration_ms: float) -> str:
    if result.state is TaskState.SUCCEEDED:
        return f"{result.task_id} done in {duration(duration_ms)}: {named(result.outputs)}"
    why = f": {one_line(result.error.message)}" if result.error else ""
    return f"{result.task_id} {result.state.name.lower()}{why}"


def attempt_failure(failure: events.AttemptFailed) -> str:
    """Says in one line which attempt failed where, and why."""
    after = "; trying another" if failure.retried else ""
    where = f"{failure.expert_id} on {_host(failure.host)}"
    return f"attempt {failure.attempt} failed, {where}: {one_line(failure.error.message)}{after}"


def named(values: Mapping[str, Value]) -> str:
    """Writes named values in one line, by name: maps have no order on the wire."""
    return ", ".join(f"{name} {render(value)}" for name, value in sorted(values.items()))


def _tasks(plan: Plan) -> str:
    listed = "; ".join(f"{task.id}: {task.type} ({named(task.inputs)})" for task in plan.tasks)
    return listed or f"no task: {one_line(plan.no_task_reason)}"


def _host(name: str) -> str:
    return name.removeprefix("hosts/")


def _item(task_id: str, item: int | None, item_count: int = 0) -> str:
    if item is None:
        return task_id
    return f"{task_id} {item + 1}" + (f" of {item_count}" if item_count else "")
