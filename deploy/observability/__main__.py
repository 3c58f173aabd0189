"""Writes deploy/grafana and deploy/prometheus: `make dashboards`. `--check` only says which files are out of date."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from deploy.observability.boards import BOARDS
from deploy.observability.panels import board_json
from deploy.observability.rules.files import rule_tests_yaml, rules_yaml
from deploy.observability.rules.timing import Timing
from deploy.observability.scraping import (
    CONTAINERS,
    ONE_MACHINE,
    grafana_dashboards_yaml,
    grafana_datasource_yaml,
    prometheus_yaml,
)

FOLDER: Final = Path(__file__).parents[1]
_HEAD: Final = "# Made by deploy/observability: `make dashboards` makes it anew.\n"


def files() -> Mapping[str, str]:
    """Returns what is to be in each file, by its path below `deploy`."""
    timing = Timing()
    written = {
        "prometheus/prometheus.yml": prometheus_yaml(ONE_MACHINE),
        "prometheus/compose.yml": prometheus_yaml(CONTAINERS),
        "prometheus/rules.yml": rules_yaml(timing),
        "prometheus/rules_test.yml": rule_tests_yaml(timing),
        "grafana/provisioning/datasources/prometheus.yml": grafana_datasource_yaml(),
        "grafana/provisioning/dashboards/orchestrion.yml": grafana_dashboards_yaml(),
    }
    boards = {f"grafana/{board.uid}.json": board_json(board) for board in BOARDS}
    return {name: _HEAD + text for name, text in written.items()} | boards


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the files, or checks them; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file is out of date")
    check = parser.parse_args(argv).check
    wanted = {FOLDER / name: text for name, text in files().items()}
    stale = [path for path, text in wanted.items() if not path.is_file() or path.read_text("utf-8") != text]
    left = [path for path in sorted((FOLDER / "grafana").glob("*.json")) if path not in wanted]
    for path in stale + left:
        if not check and path in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[path], "utf-8")
        elif not check:
            path.unlink()
        sys.stderr.write(
            f"{path.relative_to(FOLDER)} {'is out of date; run `make dashboards`' if check else 'written'}\n"
        )
    return 1 if check and (stale or left) else 0


if __name__ == "__main__":
    sys.exit(main())
