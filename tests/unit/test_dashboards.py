"""Dashboards, rules and alerts: the committed files are those of the code, and name only what is there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.observability.__main__ import FOLDER, files
from deploy.observability.boards import BOARDS
from deploy.observability.panels import Board, board_json
from deploy.observability.rules.alerts import alerts
from deploy.observability.rules.files import runbook
from deploy.observability.rules.recordings import recordings
from deploy.observability.rules.timing import Timing
from docs.pages.metrics import metrics_page

register_default_plugins()  # So that panels and queries are read as what they are, field by field.

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
TIMING = Timing()
QUERIES = [query.expression for board in BOARDS for chart in board.charts for query in chart.queries]
RULES = [*recordings(TIMING).values(), *(alert.expression for alert in alerts(TIMING))]


@pytest.mark.parametrize("name", files())
def test_the_committed_file_is_what_the_code_gives(name: str) -> None:
    assert (FOLDER / name).read_text("utf-8") == files()[name]


def test_queries_name_metrics_and_labels_that_are_there() -> None:
    page = metrics_page()
    rows = re.findall(r"^\| `(orchestrion_\w+)` \| (\w+) \| (.*?) \|", page, flags=re.MULTILINE)
    exported = {name for name, kind, _ in rows if kind != "histogram"}
    exported |= {f"{name}_{end}" for name, kind, _ in rows if kind == "histogram" for end in ("bucket", "sum", "count")}
    named = {
        name
        for query in [*QUERIES, *RULES]
        for name in re.findall(r"orchestrion_(?:controller|host|gateway)_\w+", query)
    }
    assert named - exported == set()
    assert len(named) > 40


def test_rules_go_by_recordings_that_are_there() -> None:
    used = {name for query in RULES for name in re.findall(r"orchestrion:\w+:\w+", query)}
    assert used <= recordings(TIMING).keys()


def test_each_alert_has_its_paragraph_and_each_paragraph_its_alert() -> None:
    headings = re.findall(r"^### (Orchestrion\w+)\n\n(\S)", OPERATIONS.read_text("utf-8"), flags=re.MULTILINE)
    assert [name for name, _ in headings] == [alert.name for alert in alerts(TIMING)]
    assert runbook("OrchestrionRunsSlow") == "docs/operations.md#orchestrionrunsslow"


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_a_dashboard_chooses_data_source_and_links_to_the_others(board: Board) -> None:
    made = json.loads(board_json(board))
    assert [link["tags"] for link in made["links"]] == [["orchestrion"]]
    assert "orchestrion" in made["tags"]
    offered = {variable["name"] for variable in made["templating"]["list"]}
    used = {
        name
        for chart in board.charts
        for query in chart.queries
        for name in re.findall(r"\$(host|expert)\b", query.expression)
    }
    assert offered == {"datasource", *used}
    assert {panel["datasource"]["uid"] for panel in made["panels"]} == {"$datasource"}


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_a_dashboard_has_nothing_that_grafanas_schema_does_not_know(board: Board) -> None:
    made = json.loads(board_json(board))
    read = Dashboard.from_json(json.loads(board_json(board)))
    assert json.loads(json.dumps(read, cls=JSONEncoder)) == made
    assert len(made["panels"]) == len(board.charts)


def test_durations_are_scaled_and_nothing_else() -> None:
    whole, tenth = alerts(Timing()), alerts(Timing(0.1))
    assert [alert.expression for alert in tenth] == [
        alert.expression.replace("[300s]", "[30s]").replace("offset 300s", "offset 30s").replace("[3600s]", "[360s]")
        for alert in whole
    ]
    assert {alert.pending_for for alert in tenth} == {"0s", "6s", "30s"}
