"""One platform with all tiny experts, and the table of what was performed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orchestrion import Client
from tests.system.processes import Servers
from tests.tasks.platform import Measured, TinyPlatform, write_catalogue

_MEASURED: list[Measured] = []


@pytest.fixture(scope="session")
def measured() -> list[Measured]:
    """What is told in the table at the end."""
    return _MEASURED


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TinyPlatform]:
    """A controller and a host with one tiny expert for each task type, and with no other."""
    # Imported here since it takes seconds, which the collection of other tests need not wait for.
    from tests.tasks.rows import ROWS

    folder = tmp_path_factory.mktemp("tasks")
    catalogue = write_catalogue(ROWS, folder)
    with Servers(folder) as servers:
        controller = servers.controller()
        # Without what this user exported, which hosts offer whatever their profile is.
        exports = ["--exports-path", str(folder / "exports")]
        host = servers.host("--profile", "none", "--catalogue-paths", str(catalogue), *exports)
        with Client(controller.grpc_address) as client:
            yield TinyPlatform(client, host, folder)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the table: task type, runtime, expert, milliseconds, outputs."""
    if not _MEASURED:
        return
    rows = [("task type", "runtime", "expert", "ms", "outputs")]
    for item in sorted(_MEASURED, key=lambda item: item.row.task_type):
        row = item.row
        rows.append(
            (row.task_type, row.runtime, row.expert, f"{item.milliseconds:.0f}", ", ".join(sorted(item.outputs)))
        )
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    terminalreporter.section(f"{len(_MEASURED)} task types through client, controller, host and worker")
    for name, runtime, expert, milliseconds, outputs in rows:
        line = f"{name:<{widths[0]}}  {runtime:<{widths[1]}}  {expert:<{widths[2]}}  {milliseconds:>{widths[3]}}"
        terminalreporter.write_line(f"{line}  {outputs}")
