"""The pass rate of the requests in free wording is shown at the end of every test run, also of one that passes.

Here, because the process that prints reads no deeper where others run the tests.
"""

from __future__ import annotations

import pytest

from tests.system.free_wording.report import PROPERTY


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in (report for reports in terminalreporter.stats.values() for report in reports):
        shown = dict(report.user_properties) if getattr(report, "when", "") == "call" else {}
        if summary := shown.get(PROPERTY):
            rate, table = summary
            terminalreporter.section(f"{PROPERTY}: {rate}")
            terminalreporter.line(table)
            terminalreporter.line(rate)
