"""Alerts on runs and their language model."""

from __future__ import annotations

from deploy.observability.rules.alert import Alert, counted, histogram
from deploy.observability.rules.recordings import C
from deploy.observability.rules.timing import Timing


def runs_alerts(timing: Timing) -> tuple[Alert, ...]:
    """Returns them."""
    return (
        Alert(
            "OrchestrionRunsFailing",
            "orchestrion:runs_failed:ratio > 0.2 and orchestrion:runs:rate > 0",
            timing.soon,
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
            timing.later,
            "warning",
            "One run in twenty takes longer than {{ $value | humanizeDuration }}.",
            histogram(f"{C}_run_seconds", 'kind="full", ', "60"),
        ),
        Alert(
            "OrchestrionPlanningSlow",
            "orchestrion:planning_call_seconds:p95 > 5",
            timing.soon,
            "warning",
            "One call for a plan in twenty takes longer than {{ $value | humanizeDuration }}.",
            histogram(f"{C}_llm_call_seconds", 'stage="plan", ', "5"),
        ),
        Alert(
            "OrchestrionLanguageModelFallingBack",
            f"{counted(timing, f'{C}_llm_fallbacks_total', 'model, reason')} > 0",
            timing.soon,
            "warning",
            "The language model {{ $labels.model }} fails with {{ $labels.reason }}, and another is asked instead.",
            ((f'{C}_llm_fallbacks_total{{model="m", asked_instead="n", reason="r"}}', "0+1x60"),),
        ),
    )
