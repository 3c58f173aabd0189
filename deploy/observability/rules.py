"""Recording and alert rules, with windows and waits as parameters: a test on live servers uses a tenth of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import yaml

from deploy.observability.promql import bare_rate, quantile, share

C: Final = "orchestrion_controller"
H: Final = "orchestrion_host"
G: Final = "orchestrion_gateway"


@dataclass(frozen=True)
class Timing:
    """How long rules look back and wait."""

    scale: float = 1.0
    """What every duration is multiplied by; 1 is for operation with a scrape each 15 seconds."""

    def seconds(self, usual: float) -> str:
        """Returns a duration as Prometheus writes it, of at least a second."""
        return f"{max(1, round(usual * self.scale))}s"

    @property
    def window(self) -> str:
        """What rates look back, five minutes."""
        return self.seconds(300)


@dataclass(frozen=True)
class Alert:
    """One alert rule."""

    name: str
    expression: str
    """What is so while it is pending or fires."""
    pending_for: str
    """How long it must be so before the alert fires."""
    severity: str
    """`critical` wakes a person, `warning` waits for the morning."""
    summary: str
    example: tuple[tuple[str, str], ...]
    """Series, in promtool's notation of values a minute apart, under which it fires within half an hour."""


def recordings(timing: Timing) -> dict[str, str]:
    """Returns the recorded queries by name."""
    window = timing.window

    def ratio(metric: str, where: str, by: str = "") -> str:
        return share(bare_rate(metric, by, where, window), bare_rate(metric, by, window=window))

    return {
        "orchestrion:runs_failed:ratio": ratio(f"{C}_runs_total", 'state="failed"'),
        "orchestrion:runs:rate": f"({bare_rate(f'{C}_runs_total', window=window)}) or on () vector(0)",
        "orchestrion:run_seconds:p95": quantile(0.95, f"{C}_run_seconds", window=window),
        "orchestrion:plan_seconds:p95": quantile(0.95, f"{C}_stage_seconds", where='stage="plan"', window=window),
        "orchestrion:inferences_failed:ratio": ratio(f"{H}_inferences_total", 'outcome="failed"', "expert"),
        "orchestrion:inferences_rejected:ratio": ratio(f"{H}_inferences_total", 'outcome="rejected"'),
        "orchestrion:inference_queue_seconds:p95": quantile(
            0.95, f"{H}_inference_queue_seconds", "expert", window=window
        ),
        "orchestrion:host_memory_used:ratio": f"{H}_memory_used_bytes / {H}_memory_total_bytes",
        "orchestrion:commit_seconds:p99": quantile(0.99, f"{C}_journal_commit_seconds", window=window),
        "orchestrion:http_errors:ratio": ratio(f"{G}_requests_total", 'code=~"5.."'),
    }


def alerts(timing: Timing) -> tuple[Alert, ...]:
    """Returns the alerts."""
    window, soon, later = timing.window, timing.seconds(60), timing.seconds(300)

    def counted(metric: str, by: str, where: str = "") -> str:
        """How often it counted in the window; the first count of a new series too, which `increase` does not see."""
        series = f"{metric}{{{where}}}" if where else metric
        new = f"({series} unless {series} offset {window}) and on (job, instance) (up offset {window} == 1)"
        return f"sum by ({by}) ((increase({series}[{window}]) > 0) or ({new}))"

    def down(job: str) -> str:
        return f'up{{job="orchestrion-{job}"}} == 0'

    def up(job: str, values: str) -> tuple[str, str]:
        return (f'up{{job="orchestrion-{job}", instance="a"}}', values)

    def histogram(name: str, labels: str, bound: str) -> tuple[tuple[str, str], ...]:
        """Sixty observations a minute, all above `bound`."""
        return (
            (f'{name}_bucket{{{labels}le="{bound}"}}', "0x60"),
            (f'{name}_bucket{{{labels}le="300"}}', "0+60x60"),
            (f'{name}_bucket{{{labels}le="+Inf"}}', "0+60x60"),
        )

    failed_loads = counted(f"{H}_loads_total", "host, instance, expert", 'outcome="failed"') + " > 0"
    return (
        Alert(
            "OrchestrionControllerDown",
            down("controller"),
            soon,
            "critical",
            "Prometheus does not reach the controller {{ $labels.instance }}.",
            (up("controller", "0x60"),),
        ),
        Alert(
            "OrchestrionHostDown",
            down("host"),
            soon,
            "warning",
            "Prometheus does not reach the host {{ $labels.instance }}.",
            (up("host", "0x60"),),
        ),
        Alert(
            "OrchestrionGatewayDown",
            down("gateway"),
            soon,
            "critical",
            "Prometheus does not reach the gateway {{ $labels.instance }}.",
            (up("gateway", "0x60"),),
        ),
        Alert(
            "OrchestrionNoHostReady",
            f'((sum({C}_hosts{{state="ready"}}) or on () vector(0)) < 1) '
            'and on () (up{job="orchestrion-controller"} == 1)',
            soon,
            "critical",
            "The controller lists no host that takes work.",
            (up("controller", "1x60"),),
        ),
        Alert(
            "OrchestrionHostNotListed",
            f"{H}_advertise_connected == 0",
            soon,
            "warning",
            "No controller lists the host {{ $labels.instance }}.",
            ((f'{H}_advertise_connected{{instance="a"}}', "0x60"),),
        ),
        Alert(
            "OrchestrionRunsFailing",
            "orchestrion:runs_failed:ratio > 0.2 and orchestrion:runs:rate > 0",
            soon,
            "critical",
            "{{ $value | humanizePercentage }} of the runs that ended have failed.",
            (
                (f'{C}_runs_total{{kind="full", state="failed"}}', "0+10x60"),
                (f'{C}_runs_total{{kind="full", state="succeeded"}}', "0+10x60"),
            ),
        ),
        Alert(
            "OrchestrionRunsSlow",
            "orchestrion:run_seconds:p95 > 60",
            later,
            "warning",
            "One run in twenty takes longer than {{ $value | humanizeDuration }}.",
            histogram(f"{C}_run_seconds", 'kind="full", ', "60"),
        ),
        Alert(
            "OrchestrionPlanningSlow",
            "orchestrion:plan_seconds:p95 > 5",
            soon,
            "warning",
            "One plan in twenty takes longer than {{ $value | humanizeDuration }}.",
            histogram(f"{C}_stage_seconds", 'stage="plan", ', "5"),
        ),
        Alert(
            "OrchestrionLanguageModelFallingBack",
            f"{counted(f'{C}_llm_fallbacks_total', 'model, reason')} > 0",
            soon,
            "warning",
            "The language model {{ $labels.model }} fails with {{ $labels.reason }}, and another is asked instead.",
            ((f'{C}_llm_fallbacks_total{{model="m", asked_instead="n", reason="r"}}', "0+1x60"),),
        ),
        Alert(
            "OrchestrionInferencesFailing",
            "orchestrion:inferences_failed:ratio > 0.1",
            soon,
            "warning",
            "{{ $value | humanizePercentage }} of the calls of {{ $labels.expert }} fail.",
            ((f'{H}_inferences_total{{expert="e", outcome="failed"}}', "0+10x60"),),
        ),
        Alert(
            "OrchestrionOverloaded",
            "orchestrion:inferences_rejected:ratio > 0.05",
            soon,
            "warning",
            "{{ $value | humanizePercentage }} of the calls find a full queue.",
            ((f'{H}_inferences_total{{expert="e", outcome="rejected"}}', "0+10x60"),),
        ),
        Alert(
            "OrchestrionQueueLong",
            f"max by (expert, host) ({H}_queued) > 20",
            later,
            "warning",
            "{{ $value }} calls wait for {{ $labels.expert }}.",
            ((f'{H}_queued{{expert="e", host="a"}}', "50x60"),),
        ),
        Alert(
            "OrchestrionWorkersRestarting",
            f"{counted(f'{H}_worker_restarts_total', 'host, instance, worker')} > 0",
            "0s",
            "warning",
            "A worker of {{ $labels.instance }} ({{ $labels.worker }}) ended unexpectedly.",
            (
                (f'{H}_worker_restarts_total{{worker="w", instance="a", job="orchestrion-host"}}', "_x20 1x40"),
                up("host", "1x60"),
            ),
        ),
        Alert(
            "OrchestrionExpertsThrashing",
            f"sum by (host, instance) (increase({H}_evictions_total[{window}])) > 5",
            soon,
            "warning",
            "{{ $value | humanize }} experts of {{ $labels.instance }} gave way to others within the window.",
            ((f'{H}_evictions_total{{expert="e", instance="a"}}', "0+2x60"),),
        ),
        Alert(
            "OrchestrionLoadsFailing",
            failed_loads,
            "0s",
            "warning",
            "{{ $labels.expert }} does not load on {{ $labels.instance }}.",
            ((f'{H}_loads_total{{expert="e", outcome="failed", instance="a"}}', "0+1x60"),),
        ),
        Alert(
            "OrchestrionHostMemoryFull",
            "orchestrion:host_memory_used:ratio > 0.97",
            later,
            "warning",
            "{{ $labels.device }} of {{ $labels.instance }} is {{ $value | humanizePercentage }} full.",
            (
                (f'{H}_memory_used_bytes{{device="cpu", instance="a"}}', "99x60"),
                (f'{H}_memory_total_bytes{{device="cpu", instance="a"}}', "100x60"),
            ),
        ),
        Alert(
            "OrchestrionCommitsFailing",
            f"increase({C}_journal_failures_total[{window}]) > 0",
            "0s",
            "critical",
            "The controller {{ $labels.instance }} cannot write to its database.",
            ((f'{C}_journal_failures_total{{instance="a"}}', "0+1x60"),),
        ),
        Alert(
            "OrchestrionCommitsSlow",
            "orchestrion:commit_seconds:p99 > 0.25",
            later,
            "warning",
            "One commit in a hundred takes {{ $value | humanizeDuration }}.",
            histogram(f"{C}_journal_commit_seconds", "", "0.25"),
        ),
        Alert(
            "OrchestrionGatewayFailing",
            "orchestrion:http_errors:ratio > 0.05",
            soon,
            "critical",
            "{{ $value | humanizePercentage }} of the HTTP requests end with a status of 500 or above.",
            ((f'{G}_requests_total{{route="/", code="500"}}', "0+10x60"),),
        ),
        Alert(
            "OrchestrionFilesRunOut",
            'process_open_fds{job=~"orchestrion-.*"} / process_max_fds > 0.8',
            later,
            "critical",
            "{{ $labels.instance }} has opened {{ $value | humanizePercentage }} of the files that it may.",
            (
                ('process_open_fds{job="orchestrion-host", instance="a"}', "95x60"),
                ('process_max_fds{job="orchestrion-host", instance="a"}', "100x60"),
            ),
        ),
    )


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
        f'{H}_advertise_connected{{instance="a"}}': "1x60",
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
