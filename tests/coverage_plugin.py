"""Pytest's plugin that `make test` names: marks the packages in each process that runs tests, and prints the coverage.

What it measured is left in `.coverage`, for `coverage report --show-missing` and `coverage html`.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import coverage
import pytest

from tests.coverage_table import by_package
from tests.line_marks import LineMarks

_WORKER_OUTPUT = "lines_that_ran"

_measured = coverage.Coverage()
# Here, since this module is imported before any conftest imports what is measured.
_marks = LineMarks(_measured.config.source_pkgs, _measured.config.run_omit)
_marks.install()
_ran: defaultdict[str, set[int]] = defaultdict(set)


def _add(lines: dict[str, list[int]]) -> None:
    for path, numbers in lines.items():
        _ran[path].update(numbers)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Takes what a process of pytest-xdist measured, which comes with its last words; one that crashed has none."""
    _add(getattr(node, "workeroutput", {}).get(_WORKER_OUTPUT, {}))


def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is None:
        _add(_marks.ran())
    else:
        output[_WORKER_OUTPUT] = _marks.ran()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    data = _measured.get_data()
    data.erase()
    data.add_lines(_ran)
    data.touch_files(_marks.files())
    data.write()
    terminalreporter.section("coverage in the tests' own processes")
    for line in by_package(_measured, _measured.config.source_pkgs):
        terminalreporter.line(line)
