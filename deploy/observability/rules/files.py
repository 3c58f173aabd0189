"""The files of rules that Prometheus reads, and of promtool's tests of them."""

from __future__ import annotations

from typing import Any

import yaml

from deploy.observability.rules.alerts import alerts
from deploy.observability.rules.recordings import C, H, recordings
from deploy.observability.rules.timing import Timing


def rules_yaml(timing: Timing) -> str:
    """Returns the file of rules that Prometheus reads."""
    recorded = [{"record": name, "expr": query} for name, query in recordings(timing).items()]
    alerting: list[dict[str, Any]] = [
        {
            "alert": alert.name,
            "expr": alert.expression,
            "for": alert.pending_for,
            "labels": {"severity": alert.severity},
            "annotations": {"summary": alert.summary, "runbook": runbook(alert.name)},
        }
        for alert in alerts(timing)
    ]
    groups = [{"name": "orchestrion-recordings", "rules": recorded}, {"name": "orchestrion-alerts", "rules": alerting}]
    return yaml.safe_dump({"groups": groups}, sort_keys=False, width=120)


def rule_tests_yaml(timing: Timing) -> str:
    """Returns promtool's tests: each alert fires under its example, and none where all is well or nothing is there."""
    quiet = {f'up{{job="orchestrion-{job}", instance="a"}}': "1x60" for job in ("controller", "host", "gateway")} | {
        f'{C}_hosts{{state="ready"}}': "1x60",
        f'{C}_leases_ended_total{{host="hosts/a", instance="a"}}': "0x60",
        f'{C}_leases_ended_total{{host="hosts/b", instance="a"}}': "0 0 1x60",
        'up{job="orchestrion-host", instance="b", host="b"}': "1x60",
        f'{C}_runs_total{{kind="full", state="succeeded"}}': "0+10x60",
        f'{C}_runs_total{{kind="full", state="failed"}}': "0x60",
        f'{H}_inferences_total{{expert="e", outcome="succeeded"}}': "0+10x60",
        f'{H}_worker_restarts_total{{worker="w", instance="a", job="orchestrion-host"}}': "3x60",
        f'{H}_evictions_total{{expert="e", instance="a"}}': "100x60",
    }
    tests = [_rule_test("none while all is well", quiet, "count(ALERTS)", fires=False)]
    tests += [
        _rule_test(
            alert.name,
            dict(alert.example),
            f'count(ALERTS{{alertname="{alert.name}", alertstate="firing"}})',
            fires=True,
        )
        for alert in alerts(timing)
    ]
    return yaml.safe_dump({"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": tests}, sort_keys=False)


def runbook(name: str) -> str:
    """Returns where the page of operation says what to do."""
    return f"docs/operations.md#{name.lower()}"


def _rule_test(name: str, series: dict[str, str], query: str, *, fires: bool) -> dict[str, Any]:
    # A new series counts for a window, so all examples hold in the minute after their twentieth.
    expected = [{"labels": "{}", "value": 1}] if fires else []
    return {
        "name": name,
        "interval": "1m",
        "input_series": [{"series": key, "values": values} for key, values in series.items()],
        "promql_expr_test": [{"expr": query, "eval_time": "22m", "exp_samples": expected}],
    }
