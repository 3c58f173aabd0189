"""Alerts on what servers stand on: database, HTTP, open files."""

from __future__ import annotations

from deploy.observability.rules.alert import Alert, histogram
from deploy.observability.rules.recordings import C, G
from deploy.observability.rules.timing import Timing


def storage_alerts(timing: Timing) -> tuple[Alert, ...]:
    """Returns them."""
    return (
        Alert(
            "OrchestrionCommitsFailing",
            f"increase({C}_journal_failures_total[{timing.window}]) > 0",
            "0s",
            "critical",
            "The controller {{ $labels.instance }} cannot write to its database.",
            ((f'{C}_journal_failures_total{{instance="a"}}', "0+1x60"),),
        ),
        Alert(
            "OrchestrionCommitsSlow",
            "orchestrion:commit_seconds:p99 > 0.25",
            timing.later,
            "warning",
            "One commit in a hundred takes {{ $value | humanizeDuration }}.",
            histogram(f"{C}_journal_commit_seconds", "", "0.25"),
        ),
        Alert(
            "OrchestrionGatewayFailing",
            "orchestrion:http_errors:ratio > 0.05",
            timing.soon,
            "critical",
            "{{ $value | humanizePercentage }} of the HTTP requests end with a status of 500 or above.",
            ((f'{G}_requests_total{{route="/", code="500"}}', "0+10x60"),),
        ),
        Alert(
            "OrchestrionFilesRunOut",
            'process_open_fds{job=~"orchestrion-.*"} / process_max_fds > 0.8',
            timing.later,
            "critical",
            "{{ $labels.instance }} has opened {{ $value | humanizePercentage }} of the files that it may.",
            (
                ('process_open_fds{job="orchestrion-host", instance="a"}', "95x60"),
                ('process_max_fds{job="orchestrion-host", instance="a"}', "100x60"),
            ),
        ),
    )
