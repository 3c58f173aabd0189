"""A run as its row and its log have it: the log is the truth, this is a view of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from orchestrion.events import Event
from orchestrion.runs import Run
from orchestrion.snapshots import apply, of_run


def logged(row: Run, log: Iterable[Event]) -> Run:
    """Returns a run: its row, and what the numbered events of its log add to it."""
    return reduce(apply, log, of_run(row)).as_run()
