"""What an operator sees of a live platform: no panel is empty, the right alerts fire, and counts are exact."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from deploy.observability.boards import BOARDS
from deploy.observability.panels import Board
from deploy.observability.rules.alerts import alerts
from deploy.observability.rules.recordings import recordings
from orchestrion.runs import RunState
from tests.observability.conftest import TIMING, Watched
from tests.observability.load import ACCEPTED, ATTEMPT, ATTEMPT_FAILED
from tests.observability.pictures import draw
from tests.system.processes import metric

pytestmark = [pytest.mark.observability, pytest.mark.timeout(420)]

INFER = "/orchestrion.v1.ModelHostService/Infer"

PICTURES = Path(__file__).parents[2] / "docs" / "dashboards"

FIRE = {
    "OrchestrionRunsFailing",
    "OrchestrionPlanningSlow",
    "OrchestrionLanguageModelFallingBack",
    "OrchestrionInferencesFailing",
    "OrchestrionOverloaded",
    "OrchestrionWorkersRestarting",
    "OrchestrionExpertsThrashing",
    "OrchestrionLoadsFailing",
}
"""What the load is made for; nothing else may fire."""

QUERIES = [
    pytest.param(query.expression, id=f"{board.title}: {chart.title}, {query.legend}")
    for board in BOARDS
    for chart in board.charts
    if not chart.needs_nvml
    for query in chart.queries
]


@pytest.mark.parametrize("query", QUERIES)
def test_every_query_of_every_panel_has_data(query: str, watched: Watched) -> None:
    start, end = watched.busy
    series = watched.prometheus.between(query, start + 10, end)
    assert series
    assert [item.labels for item in series if not item.points] == []


def test_only_what_nvml_measures_may_be_empty() -> None:
    excused = [
        query.expression for board in BOARDS for chart in board.charts if chart.needs_nvml for query in chart.queries
    ]
    assert excused
    assert all(expression.startswith("orchestrion_host_device_") for expression in excused)


@pytest.mark.parametrize("name", recordings(TIMING))
def test_every_recording_rule_has_data(name: str, watched: Watched) -> None:
    series = watched.prometheus.between(name, *watched.busy)
    assert series
    assert all(item.points for item in series)


def test_no_alert_fires_or_is_pending_while_all_is_well(watched: Watched) -> None:
    assert [item.labels for item in watched.prometheus.between("ALERTS", *watched.quiet, step_s=1)] == []


def test_under_load_those_alerts_fire_that_should_and_no_other(watched: Watched) -> None:
    fired = watched.prometheus.between('ALERTS{alertstate="firing"}', *watched.busy, step_s=1)
    names = {item.labels["alertname"] for item in fired}
    assert names == FIRE
    assert {alert.name for alert in alerts(TIMING)} >= FIRE


def test_prometheus_found_the_hosts_by_the_controller(watched: Watched) -> None:
    targets = watched.prometheus.between('up{job="orchestrion-host"}', *watched.quiet)
    assert {item.labels["host"]: item.labels["instance"] for item in targets} == {
        name: host.metrics_address for name, host in zip(("one", "two"), watched.hosts, strict=True)
    }


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("orchestrion_host_artifact_fetches_total", 'source="cache"'),
        ("orchestrion_host_artifact_fetches_total", 'source="store"'),
        ("orchestrion_host_loads_total", 'outcome="failed"'),
        ("orchestrion_controller_plan_approvals_total", 'outcome="approved"'),
        ("orchestrion_controller_llm_fallbacks_total", ""),
        ("orchestrion_controller_llm_first_token_seconds_count", 'stage="plan"'),
        ("orchestrion_controller_plan_repairs_total", ""),
        ("orchestrion_controller_retries_total", 'to="other_host"'),
    ],
)
def test_the_load_has_of_all(name: str, where: str, watched: Watched) -> None:
    counted = watched.prometheus.between(f"sum({name}{{{where}}})", *watched.busy)
    assert counted[0].points[-1][1] > 0


def test_attempts_that_clients_saw_are_the_calls_that_hosts_counted(watched: Watched) -> None:
    def calls(**labels: str) -> float:
        return sum(metric(host, "orchestrion_host_grpc_calls_total", method=INFER, **labels) for host in watched.hosts)

    assert watched.load.seen[ATTEMPT] > 1000
    assert calls() == watched.load.seen[ATTEMPT]
    assert calls() - calls(code="OK") == watched.load.seen[ATTEMPT_FAILED] > 0


def test_runs_are_counted_as_the_database_has_them(watched: Watched) -> None:
    (path,) = watched.home.glob("*.sqlite3")
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        rows = database.execute("select state, count(*) from runs group by state")
        written = Counter({RunState(state).name.lower(): count for state, count in rows})
    counted = {state: metric(watched.controller, "orchestrion_controller_runs_total", state=state) for state in written}
    assert counted == written == watched.load.ended
    assert sum(written.values()) == watched.load.seen[ACCEPTED]
    assert written["succeeded"] > 0
    assert written["failed"] > 0


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_dashboards_can_be_drawn(board: Board, watched: Watched, tmp_path: Path) -> None:
    folder = PICTURES if os.environ.get("ORCHESTRION_WRITE_PICTURES") else tmp_path
    path = folder / f"{board.uid}.png"
    path.parent.mkdir(exist_ok=True)
    draw(board, watched.prometheus, watched.busy[0] - 20, watched.busy[1], path)
    assert 10_000 < path.stat().st_size < 400_000
