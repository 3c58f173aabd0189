"""Alerts on what hosts compute, and on their memory."""

from __future__ import annotations

from deploy.observability.rules.alert import Alert, counted, up
from deploy.observability.rules.recordings import H
from deploy.observability.rules.timing import Timing


def hosts_alerts(timing: Timing) -> tuple[Alert, ...]:
    """Returns them."""
    failed_loads = counted(timing, f"{H}_loads_total", "host, instance, expert", 'outcome="failed"') + " > 0"
    return (
        Alert(
            "OrchestrionInferencesFailing",
            "orchestrion:inferences_failed:ratio > 0.1",
            timing.soon,
            "warning",
            "{{ $value | humanizePercentage }} of the calls of {{ $labels.expert }} fail.",
            ((f'{H}_inferences_total{{expert="e", outcome="failed"}}', "0+10x60"),),
        ),
        Alert(
            "OrchestrionOverloaded",
            "orchestrion:inferences_rejected:ratio > 0.05",
            timing.soon,
            "warning",
            "{{ $value | humanizePercentage }} of the calls find a full queue.",
            ((f'{H}_inferences_total{{expert="e", outcome="rejected"}}', "0+10x60"),),
        ),
        Alert(
            "OrchestrionQueueLong",
            f"max by (expert, host) ({H}_queued) > 20",
            timing.later,
            "warning",
            "{{ $value }} calls wait for {{ $labels.expert }}.",
            ((f'{H}_queued{{expert="e", host="a"}}', "50x60"),),
        ),
        Alert(
            "OrchestrionWorkersRestarting",
            f"{counted(timing, f'{H}_worker_restarts_total', 'host, instance, worker')} > 0",
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
            f"sum by (host, instance) (increase({H}_evictions_total[{timing.window}])) > 5",
            timing.soon,
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
            timing.later,
            "warning",
            "{{ $labels.device }} of {{ $labels.instance }} is {{ $value | humanizePercentage }} full.",
            (
                (f'{H}_memory_used_bytes{{device="cpu", instance="a"}}', "99x60"),
                (f'{H}_memory_total_bytes{{device="cpu", instance="a"}}', "100x60"),
            ),
        ),
    )
