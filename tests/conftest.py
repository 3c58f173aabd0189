"""Settings of hypothesis, and what every test run shows at its end: rates of tests that judge many cases, and coverage.

Here, because the process that prints reads no deeper where others run the tests.
"""

from __future__ import annotations

import pytest
from hypothesis import settings

from tests.coverage_table import by_package
from tests.rates import PROPERTY

# How long an example takes says more of the machine than of the code.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")


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
