"""Rates that the end of a test run prints, also of a run that passes.

A test that judges many cases from a data file reports how many are right as a property, which travels to the process
that prints the summary.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

PROPERTY: Final = "rate"


def report(
    record_property: Callable[[str, object], None], subject: str, right: int, total: int, table: str = ""
) -> str:
    """Has the summary print a rate, and a table with it; returns the rate in words."""
    rate = f"{subject}: {right} of {total} right"
    record_property(PROPERTY, [rate, table])
    return rate
