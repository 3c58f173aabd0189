"""Which expert is slow, and why."""

from __future__ import annotations

from typing import Final

from deploy.observability.boards.selectors import BOTH, HOST, H
from deploy.observability.panels import Board, chart
from deploy.observability.promql import bare_rate, mean, quantile, rate, share, total

EXPERTS: Final = Board(
    "orchestrion-experts",
    "Experts",
    "Which expert is slow, and why?",
    (
        chart(
            "Inferences",
            "By expert.",
            "reqps",
            (rate(f"{H}_inferences_total", "expert", BOTH), "{{expert}}"),
            stacked=True,
        ),
        chart(
            "Failed or rejected",
            "By expert and outcome.",
            "reqps",
            (
                rate(f"{H}_inferences_total", "expert, outcome", f'{BOTH}, outcome=~"failed|rejected"'),
                "{{expert}} {{outcome}}",
            ),
        ),
        chart(
            "Wait",
            "Until the forward pass, 95th percentile.",
            "s",
            (quantile(0.95, f"{H}_inference_queue_seconds", "expert", BOTH), "{{expert}}"),
        ),
        chart(
            "Forward pass",
            "95th percentile.",
            "s",
            (quantile(0.95, f"{H}_inference_compute_seconds", "expert", BOTH), "{{expert}}"),
        ),
        chart("Batch size", "Mean.", "short", (mean(f"{H}_inference_batch_size", "expert", BOTH), "{{expert}}")),
        chart(
            "Queued and running",
            "Calls now.",
            "short",
            (total(f"{H}_queued", "expert", BOTH), "{{expert}} queued"),
            (total(f"{H}_running", "expert", BOTH), "{{expert}} running"),
        ),
        chart(
            "Loads",
            "By outcome.",
            "reqps",
            (rate(f"{H}_loads_total", "expert, outcome", BOTH), "{{expert}} {{outcome}}"),
        ),
        chart(
            "Load time", "95th percentile.", "s", (quantile(0.95, f"{H}_load_seconds", "expert", BOTH), "{{expert}}")
        ),
        chart(
            "Loaded",
            "On how many hosts.",
            "short",
            (total(f"{H}_expert_state", "expert", f'{BOTH}, state="loaded"') + " > 0 or on () vector(0)", "{{expert}}"),
        ),
        chart(
            "Results kept",
            "Share of calls of deterministic experts that were answered from earlier ones.",
            "percentunit",
            (
                share(
                    bare_rate(f"{H}_result_lookups_total", where=f'{HOST}, outcome="hit"'),
                    bare_rate(f"{H}_result_lookups_total", where=HOST),
                ),
                "hits",
            ),
        ),
        chart(
            "Tokens generated",
            "By expert.",
            "short",
            (rate(f"{H}_generated_tokens_total", "expert", BOTH), "{{expert}}"),
        ),
        chart("Forward passes", "By expert.", "reqps", (rate(f"{H}_batches_total", "expert", BOTH), "{{expert}}")),
    ),
    ("host", "expert"),
)
