"""The progress of long work on models: bars on a terminal, plain lines elsewhere, JSON for programs."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Final, Protocol, Self

if TYPE_CHECKING:
    from rich.progress import ProgressColumn

    from orchestrion.experts import Expert
    from orchestrion.models import ModelProgress

_STEP: Final = 0.1
"""Plain lines are written whenever so much more is done."""
# Columns of the terminal that the parts of a line with a bar take.
_TITLE: Final = 26
_FIGURES: Final = 37
_BAR: Final = 40
_SHORTEST_BAR: Final = 8
_SHORTEST_MESSAGE: Final = 16


class ProgressView(AbstractContextManager["ProgressView"], Protocol):
    """Shows work on models, one after the other."""

    def __exit__(self, *_: object) -> None:
        return None

    def begin(self, title: str) -> None:
        """Starts with the next model."""

    def show(self, progress: ModelProgress) -> None:
        """Takes news of it."""


def choose(*, json: bool, steps: bool = False) -> ProgressView:
    """Chooses the view: JSON where it is asked for, else one that is drawn where the output is a terminal.

    Args:
        json: Whether JSON is asked for.
        steps: Whether the work goes in steps, rather than by bytes.
    """
    from orchestrion.cli import views

    if json:
        return JsonProgress()
    return DrawnProgress(steps=steps) if views.on_terminal() else PlainProgress()


def follow(view: ProgressView, title: str, work: Generator[ModelProgress, None, None]) -> list[Expert]:
    """Shows work to its end, and returns the experts that it told of; leaving early ends the work."""
    experts = []
    view.begin(title)
    with contextlib.closing(work):
        for progress in work:
            view.show(progress)
            if progress.expert is not None:
                experts.append(progress.expert)
    return experts


class JsonProgress(ProgressView):
    """Each piece of news as proto3 JSON, one a line."""

    def begin(self, title: str) -> None:
        """Prints nothing."""

    def show(self, progress: ModelProgress) -> None:
        """Prints it."""
        from orchestrion._codec.codec import to_json

        print(to_json(progress), flush=True)


class PlainProgress(ProgressView):
    """A line for each step, and for each tenth of the bytes."""

    def __init__(self) -> None:
        """Writes nothing yet."""
        self._title, self._last = "", ("", 0.0)

    def begin(self, title: str) -> None:
        """Starts with the next model."""
        self._title, self._last = title, ("", 0.0)

    def show(self, progress: ModelProgress) -> None:
        """Prints a line where there is news."""
        from orchestrion.cli.models.sizes import size
        from orchestrion.cli.printer import printable

        share = progress.done_bytes / progress.total_bytes if progress.total_bytes else 0.0
        message, before = self._last
        if progress.message == message and share - before < _STEP:
            return
        self._last = progress.message, share
        amount = (
            f" ({size(progress.done_bytes) or '0'} of {size(progress.total_bytes)})" if progress.total_bytes else ""
        )
        print(f"{self._title}: {printable(progress.message)}{amount}", flush=True)


class DrawnProgress:
    """A bar for each model, with bytes, rate and the time that is left; or the steps of its work as they are done."""

    def __init__(self, *, steps: bool) -> None:
        """Draws nothing yet."""
        from rich.progress import Progress

        from orchestrion.cli import views

        console = views.console()
        self._progress = Progress(*(_steps() if steps else _bars(console.width)), console=console)
        self._task = self._progress.add_task("", visible=False, title="")
        self._steps, self._step = steps, ""

    def __enter__(self) -> Self:
        """Starts to draw."""
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leaves what was drawn last."""
        self._progress.stop()

    def begin(self, title: str) -> None:
        """Adds a bar."""
        self._task = self._progress.add_task("", total=None, title=title)

    def show(self, progress: ModelProgress) -> None:
        """Moves it."""
        from orchestrion.cli.printer import printable

        message = printable(progress.message)
        if self._steps and self._step not in ("", message):
            # What was told stays to be read, above the line that changes.
            self._progress.console.print(self._step)
        self._step = message
        self._progress.update(self._task, description=message)
        if progress.total_bytes:
            self._progress.update(self._task, completed=progress.done_bytes, total=progress.total_bytes)
        elif progress.expert is not None:
            # The last news has no bytes; a bar whose end was never known is full now.
            total = self._progress.tasks[self._task].total or 1
            self._progress.update(self._task, completed=total, total=total)


def _bars(width: int) -> list[ProgressColumn]:
    """Chooses what a terminal of this width, in columns, has room for: figures first, then bar and message."""
    from rich.progress import BarColumn, DownloadColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = [_text("{task.fields[title]}", "bold", _TITLE)]
    rest = width - _TITLE - _FIGURES
    if rest - _BAR >= _SHORTEST_MESSAGE:
        columns.append(_text("{task.description}", "dim", rest - _BAR - 2))
    if rest >= _SHORTEST_BAR:
        columns.append(BarColumn(min(rest - 1, _BAR)))
    columns.append(DownloadColumn())
    if rest >= 0:
        columns += [TransferSpeedColumn(), TimeRemainingColumn(compact=True)]
    return columns


def _steps() -> list[ProgressColumn]:
    from rich.progress import SpinnerColumn, TimeElapsedColumn

    title, message = _text("{task.fields[title]}", "bold", _TITLE), _text("{task.description}", "", None)
    return [SpinnerColumn(finished_text="✓"), title, message, TimeElapsedColumn()]


def _text(template: str, style: str, room: int | None) -> ProgressColumn:
    from rich.progress import TextColumn
    from rich.table import Column

    column = Column(no_wrap=True, overflow="ellipsis", max_width=room)
    return TextColumn(template, style=style, markup=False, table_column=column)


def ids(experts: Iterable[Expert]) -> str:
    """Writes the ids of experts."""
    return ", ".join(expert.id for expert in experts)
