"""A run as lines for a terminal: no line is wider than asked for, and they fit the height while they still change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.text import Text

from orchestrion.cli.view import pieces, words
from orchestrion.cli.view.pieces import Moment
from orchestrion.cli.view.tree import Row, rows
from orchestrion.cli.view.wrapping import wrapped
from orchestrion.events import Stage
from orchestrion.runs import RunKind
from orchestrion.snapshots import RunSnapshot, TaskPhase

_WIDE: Final = 110
"""From this width on the reason stands beside the expert, in columns; below it has a line of its own."""
_NARROW: Final = 64
"""Below this width the expert stands on the line of the reason."""
_STAGES: Final = {
    RunKind.PLAN: (Stage.PLAN,),
    RunKind.SELECT: (Stage.SELECT,),
    RunKind.EXECUTE: (Stage.SELECT, Stage.EXECUTE),
    RunKind.RESPOND: (Stage.RESPOND,),
}
_ALL_STAGES: Final = (Stage.PLAN, Stage.SELECT, Stage.EXECUTE, Stage.RESPOND)
_NOT_NEEDED: Final = "No expert is needed."
_SHOWN_FIRST: Final = (TaskPhase.RUNNING, TaskPhase.FAILED, TaskPhase.ASSIGNED, TaskPhase.PLANNED)


@dataclass(frozen=True, slots=True)
class _Columns:
    """The widths of a line's parts, in columns of the terminal; 0 for a part that has no place."""

    task: int
    expert: int
    reason: int
    status: int
    bar: int


def frame(run: RunSnapshot, width: int, height: int | None, moment: Moment, *, request: bool = False) -> list[Text]:
    """Draws a run.

    Args:
        run: The run.
        width: How wide the terminal is, in columns.
        height: How many lines there may be; None for as many as it takes.
        moment: The time, the signs, and whether more frames follow.
        request: Whether what was asked stands at the top.

    Returns:
        The lines, none of them wider than `width`.
    """
    if not run.name:
        waiting = Text.assemble(moment.sign(TaskPhase.RUNNING), " waiting for the controller")
        return [_cut(waiting, width, moment)] if moment.moving else []
    head = [Text(f"> {words.request(run)}", "bold")] if request and run.request else []
    head += _head(run, width, moment)
    placed = rows(run.tasks)
    columns = _columns(placed, width)
    lines: list[Text] = []
    for detail in (2, 1, 0):
        lines = [line for row in placed for line in _task(row, columns, width, detail, moment)]
        if height is None or len(head) + len(lines) <= height:
            break
    if height is not None and len(head) + len(lines) > height:
        lines = _window(placed, columns, width, max(height - len(head), 1), moment)
    return [_cut(line, width, moment) for line in (*head, *lines)]


def _head(run: RunSnapshot, width: int, moment: Moment) -> list[Text]:
    order = _STAGES.get(run.kind, _ALL_STAGES)
    shown = [
        pieces.stage(stage.name.lower(), run.stages.get(stage), moment, performer=width >= _WIDE) for stage in order
    ]
    lines = [Text("   ").join(shown)]
    lines += [Text(f"The plan goes back to the planner: {why}", "yellow") for why in words.rejections(run)]
    unsure = [f"The planner is not sure: {words.doubts(run)}"] if run.doubts else []
    unsure += [f"Not done: {line}" for line in words.not_done(run)]
    lines += [Text(line, "yellow") for text in unsure for line in wrapped(text, width)]
    if why := words.no_task_reason(run):
        reason = wrapped(f"No expert is needed: {why}", width)
        # Where a run ends with its plan, nothing else says it whole.
        said = reason if run.kind is RunKind.PLAN or len(reason) == 1 else [_NOT_NEEDED]
        lines += [Text(line, "dim") for line in said]
    if awaits_until := words.awaits_until(run):
        until = f"Awaits approval until {awaits_until}:"
        how = f"orchestrion approve {run.name.removeprefix('runs/')}"
        # A command is of no use when it is cut.
        fits = len(until) + 1 + len(how) <= width
        lines += [Text(line, "yellow") for line in ([f"{until} {how}"] if fits else [until, how])]
    return lines


def _columns(placed: Sequence[Row], width: int) -> _Columns:
    if width < _NARROW:
        return _Columns(width - 20, 0, 0, 18, 4)
    status, bar = 22, 8
    expert = min(max((len(words.place(row.task)) for row in placed), default=0), 32 if width >= _WIDE else 24)
    room = width - status - expert - 4
    if width < _WIDE:
        return _Columns(room, expert, 0, status, bar)
    task = min(max((3 * row.depth + 2 + len(_title(row).plain) for row in placed), default=0), room // 2)
    return _Columns(task, expert, room - task - 2, status, bar)


def _task(row: Row, columns: _Columns, width: int, detail: int, moment: Moment) -> list[Text]:
    task = row.task
    before, below = _guides(row, width, moment)
    left = Text.assemble((before, "dim"), moment.sign(task.phase), " ", _title(row))
    cells = [_fit(left, columns.task, moment)]
    if columns.expert:
        cells.append(_fit(Text(words.place(task), "magenta"), columns.expert, moment))
    if columns.reason:
        cells.append(_fit(Text(words.reason(task), "dim"), columns.reason, moment))
    status = pieces.status(task, columns.bar, moment)
    status.pad_left(max(columns.status - status.cell_len, 0))
    cells.append(status)
    under = _details(row, columns, detail, moment)
    return [Text("  ").join(cells), *(Text.assemble((below, "dim"), line) for line in under)]


def _details(row: Row, columns: _Columns, detail: int, moment: Moment) -> list[Text]:
    task, lines = row.task, []
    if detail >= 2 and not columns.reason and (reason := words.reason(task)):
        where = "" if columns.expert else f"{words.place(task)}: "
        lines.append(Text(f"{where}{reason}", "dim"))
    if detail >= 2 and row.also_after:
        lines.append(Text(f"also after {', '.join(row.also_after)}", "dim"))
    if detail >= 1:
        lines += [Text(failure, "yellow") for failure in words.failures(task)]
    if task.phase is TaskPhase.RUNNING and detail >= 1 and moment.moving:
        if message := words.message(task):
            lines.append(Text(message, "cyan"))
        if written := words.written(task):
            lines.append(_tail(written, columns, moment))
    elif (outcome := words.outcome(task)) and detail >= (1 if task.phase is TaskPhase.FAILED else 2):
        lines.append(Text(outcome, "" if task.phase is TaskPhase.SUCCEEDED else "red"))
    return lines


def _tail(written: str, columns: _Columns, moment: Moment) -> Text:
    # The end of what is written counts while it is written, so it is cut at the front.
    room = max(columns.task + columns.expert + columns.reason, 1)
    text = Text(written)
    dropped = 0
    while text.cell_len > room:
        dropped = max((text.cell_len - room) // 2, 1)
        text = text[dropped:]
    opening, closing = moment.glyphs.quotes
    return Text(f"{moment.glyphs.ellipsis if dropped else opening}{text.plain}{closing}", "italic")


def _window(placed: Sequence[Row], columns: _Columns, width: int, height: int, moment: Moment) -> list[Text]:
    """Draws one line for as many tasks as there is room for, those that go on first, and counts the others."""

    def urgency(number: int) -> tuple[int, int]:
        phase = placed[number].task.phase
        return (_SHOWN_FIRST.index(phase) if phase in _SHOWN_FIRST else len(_SHOWN_FIRST), number)

    chosen = set(sorted(range(len(placed)), key=urgency)[: height - 1])
    lines = [line for number in sorted(chosen) for line in _task(placed[number], columns, width, 0, moment)]
    hidden = Counter(row.task.phase for number, row in enumerate(placed) if number not in chosen)
    counts = ", ".join(f"{count} {phase.name.lower()}" for phase, count in sorted(hidden.items()))
    return [*lines, Text(f"{moment.glyphs.ellipsis} and {counts}", "dim")]


def _guides(row: Row, width: int, moment: Moment) -> tuple[str, str]:
    """Draws the tree left of a task, for its own line and for those below it."""
    glyphs = moment.glyphs
    above = [glyphs.gap if last else glyphs.through for last in row.levels]
    below = "".join(above) + (glyphs.through if row.has_children else glyphs.gap)
    before = "".join(above[:-1]) + ((glyphs.last if row.levels[-1] else glyphs.branch) if row.levels else "")
    most = width // 9 * 3
    if len(before) <= most:
        return before, below
    return glyphs.ellipsis + before[len(before) - most + 1 :], glyphs.ellipsis + below[len(below) - most - 2 :]


def _title(row: Row) -> Text:
    task = row.task
    # The built-in planner names tasks after their types; said once is enough.
    kind = "" if not task.type or task.id.startswith(task.type) else f"  {task.type}"
    items = f" {task.items_done}/{task.item_count}" if task.item_count else ""
    again = f" attempt {task.attempt}" if task.attempt > 1 and not task.item_count else ""
    return Text.assemble((task.id, "bold"), (items, "cyan"), (again, "yellow"), (kind, "dim"))


def _fit(text: Text, width: int, moment: Moment) -> Text:
    cut = _cut(text, width, moment)
    cut.pad_right(max(width - cut.cell_len, 0))
    return cut


def _cut(text: Text, width: int, moment: Moment) -> Text:
    text.no_wrap = True
    if text.cell_len > width:
        # Rich's own ellipsis is no ASCII.
        text.truncate(width - 1, overflow="crop")
        text.append(moment.glyphs.ellipsis)
    return text
