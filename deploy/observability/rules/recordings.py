"""Recorded queries: what alerts go by, and what is worth keeping for long."""

from __future__ import annotations

from typing import Final

from deploy.observability.promql import bare_rate, quantile, share
from deploy.observability.rules.timing import Timing

C: Final = "orchestrion_controller"
H: Final = "orchestrion_host"
G: Final = "orchestrion_gateway"


def recordings(timing: Timing) -> dict[str, str]:
    """Returns the recorded queries by name."""
    window = timing.window

    def ratio(metric: str, where: str, by: str = "") -> str:
        return share(bare_rate(metric, by, where, window), bare_rate(metric, by, window=window))

    return {
        "orchestrion:runs_failed:ratio": ratio(f"{C}_runs_total", 'state="failed"'),
        "orchestrion:runs:rate": f"({bare_rate(f'{C}_runs_total', window=window)}) or on () vector(0)",
        "orchestrion:run_seconds:p95": quantile(0.95, f"{C}_run_seconds", window=window),
        # Calls to the language model, since the stage Plan of a plan that its caller submits takes no time.
        "orchestrion:planning_call_seconds:p95": quantile(
            0.95, f"{C}_llm_call_seconds", where='stage="plan"', window=window
        ),
        "orchestrion:inferences_failed:ratio": ratio(f"{H}_inferences_total", 'outcome="failed"', "expert"),
        "orchestrion:inferences_rejected:ratio": ratio(f"{H}_inferences_total", 'outcome="rejected"'),
        "orchestrion:inference_queue_seconds:p95": quantile(
            0.95, f"{H}_inference_queue_seconds", "expert", window=window
        ),
        "orchestrion:host_memory_used:ratio": f"{H}_memory_used_bytes / {H}_memory_total_bytes",
        "orchestrion:commit_seconds:p99": quantile(0.99, f"{C}_journal_commit_seconds", window=window),
        "orchestrion:http_errors:ratio": ratio(f"{G}_requests_total", 'code=~"5.."'),
    }
