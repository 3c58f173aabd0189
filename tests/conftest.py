"""Shows at the end of every test run the rates of tests that judge many cases from a data file, and the coverage.

Here, because the process that prints reads no deeper where others run the tests.
"""

from __future__ import annotations

import pytest

from tests.coverage_table import by_package
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
    controller = getattr(terminalreporter.config.pluginmanager.getplugin("_cov"), "cov_controller", None)
    if controller is not None:
        terminalreporter.section("coverage in the tests' own processes")
        for line in by_package(controller.cov, controller.cov.config.source_pkgs):
            terminalreporter.line(line)
