"""How far an evaluation is: a bar on a terminal, lines elsewhere, both on standard error."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager
from typing import Final, Protocol, Self

from orchestrion.cli import exits

_STEPS: Final = 10
"""How many lines are written in all, where there is no bar."""


class Progress(AbstractContextManager["Progress"], Protocol):
    """Shows how far it is."""

    def __exit__(self, *_: object) -> None:
        return None

    def advance(self, *, failed: bool) -> None:
        """Takes that one more request is done."""


def choose(total: int, done: int, *, plain: bool) -> Progress:
    """Chooses a bar where standard error is a terminal and nothing else is asked for.

    Args:
        total: How many requests there are.
        done: How many of them are planned already.
        plain: Whether lines are asked for.
    """
    drawable = sys.stderr.isatty() and os.environ.get("TERM", "") not in ("dumb", "unknown")
    return Bar(total, done) if drawable and not plain else Lines(total, done)


class Lines(Progress):
    """A line at each tenth."""

    def __init__(self, total: int, done: int) -> None:
        """Writes nothing yet."""
        self._total, self._done, self._failed = total, done, 0

    def advance(self, *, failed: bool) -> None:
        """Writes a line where a tenth is full."""
        before = self._done * _STEPS // self._total
        self._done += 1
        self._failed += failed
        if self._done * _STEPS // self._total > before:
            line = f"{self._done} of {self._total} requests done"
            exits.tell(f"{line}, {_failures(self._failed)}" if self._failed else line)


class Bar:
    """A bar with the time that is left."""

    def __init__(self, total: int, done: int) -> None:
        """Draws nothing yet."""
        from rich import progress
        from rich.console import Console

        columns = (
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TextColumn("{task.fields[failures]}"),
            progress.TimeRemainingColumn(),
        )
        self._bar = progress.Progress(*columns, console=Console(stderr=True))
        self._task = self._bar.add_task("planning", total=total, completed=done, failures="")
        self._failed = 0

    def __enter__(self) -> Self:
        """Starts to draw."""
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leaves what was drawn last."""
        self._bar.stop()

    def advance(self, *, failed: bool) -> None:
        """Moves the bar."""
        self._failed += failed
        self._bar.update(self._task, advance=1, failures=_failures(self._failed))


def _failures(count: int) -> str:
    return f"{count} without a plan" if count else ""
