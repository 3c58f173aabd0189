"""Settings of hypothesis, and the rates of tests that judge many cases, which every test run shows at its end.

Here, because the process that prints reads no deeper where others run the tests.
"""

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest
from hypothesis import settings

from tests.rates import PROPERTY

# Suites whose tools come with a target of their own (`make test-web`) are collected where these are.
_TOOLS = {"web": "playwright", "observability": "matplotlib"}
collect_ignore = [suite for suite, tool in _TOOLS.items() if not find_spec(tool)]

# As the controller does it, and before numpy is loaded: several processes of tests share the cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

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
