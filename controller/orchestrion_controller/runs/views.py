"""A run from its row and its events: the log is the source of truth. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from orchestrion.events import Event
from orchestrion.runs import Run
from orchestrion.snapshots import apply, of_run


def logged(row: Run, log: Iterable[Event]) -> Run:
    """Returns a run: its row, and what the numbered events of its log add to it."""
    return reduce(apply, log, of_run(row)).as_run()
