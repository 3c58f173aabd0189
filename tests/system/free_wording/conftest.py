"""The pass rate of the requests in free wording is shown at the end of every test run, also of one that passes."""

from __future__ import annotations

import pytest

from tests.system.free_wording.report import VERDICTS, rate, table


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    verdicts = config.stash.get(VERDICTS, ())
    if verdicts:
        terminalreporter.section(f"requests in free wording: {rate(verdicts)}")
        terminalreporter.line(table(verdicts))
        terminalreporter.line(rate(verdicts))
