"""Shows the rates of the tests that judge many cases from a data file at the end of every test run (`tests/rates.py`).

Here, because the process that prints reads no deeper where others run the tests.
"""

from __future__ import annotations

import pytest

from tests.rates import PROPERTY


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    rates: list[tuple[str, str]] = []
    for report in (report for reports in terminalreporter.stats.values() for report in reports):
        if getattr(report, "when", "") == "call":
            rates += [value for name, value in report.user_properties if name == PROPERTY]
    if rates:
        terminalreporter.section("rates")
    for rate, table in sorted(rates):
        if table:
            terminalreporter.line(table)
        terminalreporter.line(rate)
