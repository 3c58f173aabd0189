"""The small parts of the live view: bars, durations, one stage, one task's state. Each is a text of a known width."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from rich.text import Text

from orchestrion.cli.printer import duration, one_line
from orchestrion.cli.view.glyphs import UNICODE, Glyphs
from orchestrion.events import StageOutcome
from orchestrion.snapshots import StageSnapshot, TaskPhase, TaskSnapshot

STYLES: Final = {
    TaskPhase.PLANNED: "dim",
    TaskPhase.ASSIGNED: "dim",
    TaskPhase.RUNNING: "cyan",
    TaskPhase.SUCCEEDED: "green",
    TaskPhase.FAILED: "red",
    TaskPhase.SKIPPED: "yellow",
    TaskPhase.CANCELLED: "yellow",
}
_OUTCOMES: Final = {
    StageOutcome.SUCCEEDED: TaskPhase.SUCCEEDED,
    StageOutcome.FAILED: TaskPhase.FAILED,
    StageOutcome.CANCELLED: TaskPhase.CANCELLED,
}
_PULSE: Final = 3
"""How wide the moving part of a bar is that knows no fraction."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What a frame depends on beside the run."""

    now: datetime | None = None
    """The time by the controller's clock; None where it is not known."""
    tick: int = 0
    """Counts the frames, for what moves."""
    moving: bool = True
    """Whether another frame follows."""
    glyphs: Glyphs = UNICODE

    def sign(self, phase: TaskPhase) -> Text:
        """Draws the sign of a phase."""
        if phase is not TaskPhase.RUNNING:
            return Text(self.glyphs.phases[phase], STYLES[phase])
        frames = self.glyphs.spinner
        return Text(frames[self.tick % len(frames)] if self.moving else self.glyphs.paused, STYLES[phase])

    def since(self, start: datetime | None) -> str:
        """Writes how long something has gone on; empty where that is not known."""
        if start is None or self.now is None:
            return ""
        seconds = max((self.now - start).total_seconds(), 0.0)
        return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds) // 60}:{int(seconds) % 60:02} min"


def bar(fraction: float | None, width: int, moment: Moment) -> Text:
    """Draws how far something is; without a fraction, that it goes on."""
    done, rest = moment.glyphs.bar, moment.glyphs.rest
    if fraction is not None:
        filled = int(fraction * width)
        return Text.assemble((done * filled, "cyan"), (rest * (width - filled), "dim"))
    span = width - _PULSE
    step = moment.tick % (2 * span)
    before = step if step <= span else 2 * span - step
    pulse = (done * _PULSE, "cyan")
    return Text.assemble((rest * before, "dim"), pulse, (rest * (span - before), "dim"))


def status(task: TaskSnapshot, bar_width: int, moment: Moment) -> Text:
    """Writes where a task is: while it runs a bar, how far it is and for how long it has run."""
    if task.phase is TaskPhase.RUNNING and moment.moving:
        share = "" if task.fraction is None else f"{task.fraction:.0%}"
        time = moment.since(task.start_time)
        return Text.assemble(bar(task.fraction, bar_width, moment), f"{share:>5}", f"{time:>9}")
    words = {
        TaskPhase.PLANNED: "planned",
        TaskPhase.ASSIGNED: "waits" if moment.moving else "not begun",
        TaskPhase.RUNNING: "not ended",
        TaskPhase.SUCCEEDED: duration(task.duration_ms),
    }
    return Text(words.get(task.phase) or task.phase.name.lower(), STYLES[task.phase])


def stage(name: str, view: StageSnapshot | None, moment: Moment, *, performer: bool) -> Text:
    """Writes one stage: its sign, its name and its time, and who performs it if asked."""
    if view is None:
        return Text(f"{moment.glyphs.phases[TaskPhase.PLANNED]} {name}", "dim")
    phase = _OUTCOMES.get(view.outcome, TaskPhase.RUNNING)
    time = duration(view.duration_ms) if phase.ended else moment.since(view.start_time) if moment.moving else ""
    by = f" by {one_line(view.performer)}" if performer and view.performer else ""
    return Text.assemble(moment.sign(phase), " ", (name, "bold"), (by, "dim"), (f" {time}" if time else "", "dim"))
