"""What fails, and what is full."""

from __future__ import annotations

from typing import Final

from deploy.observability.boards.selectors import C, G, H
from deploy.observability.panels import Board, chart
from deploy.observability.promql import bare_rate, or_zero, quantile, rate, share, total

FAILED_CODES: Final = 'code=~"INTERNAL|UNKNOWN|UNAVAILABLE|RESOURCE_EXHAUSTED|DEADLINE_EXCEEDED|DATA_LOSS"'

ERRORS: Final = Board(
    "orchestrion-errors",
    "Errors and saturation",
    "What fails, and what is full?",
    (
        chart(
            "Attempts failed",
            "By reason.",
            "reqps",
            (rate(f"{C}_attempts_failed_total", "reason"), "{{reason}}"),
            stacked=True,
        ),
        chart(
            "Attempts failed by expert",
            "Each expert.",
            "reqps",
            (rate(f"{C}_attempts_failed_total", "expert"), "{{expert}}"),
            stacked=True,
        ),
        chart(
            "Rejected",
            "Share of inferences that found a full queue.",
            "percentunit",
            (
                share(
                    bare_rate(f"{H}_inferences_total", where='outcome="rejected"'), bare_rate(f"{H}_inferences_total")
                ),
                "rejected",
            ),
        ),
        chart(
            "Deepest queues",
            "Five experts with the most calls waiting.",
            "short",
            (or_zero(f"topk(5, sum by (expert) ({H}_queued))"), "{{expert}}"),
        ),
        chart(
            "gRPC errors of the controller",
            "By method and code.",
            "reqps",
            (rate(f"{C}_grpc_calls_total", "method, code", FAILED_CODES), "{{method}} {{code}}"),
        ),
        chart(
            "gRPC errors of hosts",
            "By method and code.",
            "reqps",
            (rate(f"{H}_grpc_calls_total", "method, code", FAILED_CODES), "{{method}} {{code}}"),
        ),
        chart(
            "Open calls",
            "gRPC calls and HTTP requests going on.",
            "short",
            (total(f"{C}_grpc_calls_open"), "controller"),
            (total(f"{H}_grpc_calls_open"), "hosts"),
            (total(f"{G}_requests_open"), "gateways"),
        ),
        chart(
            "gRPC call time",
            "95th percentile by method, on the controller.",
            "s",
            (quantile(0.95, f"{C}_grpc_call_seconds", "method"), "{{method}}"),
        ),
        chart(
            "HTTP errors",
            "Statuses of 500 and above, by route.",
            "reqps",
            (rate(f"{G}_requests_total", "route, code", 'code=~"5.."'), "{{route}} {{code}}"),
        ),
        chart(
            "Runs failed or refused",
            "By reason; refused runs were not accepted.",
            "reqps",
            (rate(f"{C}_run_failures_total", "reason"), "{{reason}}"),
            (rate(f"{C}_runs_rejected_total", "reason"), "not accepted: {{reason}}"),
            stacked=True,
        ),
        chart(
            "Event loop lag",
            "How late a timer ran; 99th percentile.",
            "s",
            (quantile(0.99, f"{C}_event_loop_lag_seconds"), "controller"),
            (quantile(0.99, f"{H}_event_loop_lag_seconds", "host"), "host {{host}}"),
        ),
        chart(
            "Longest callbacks",
            "Processor time for which one callback held an event loop; 99.9th percentile.",
            "s",
            (quantile(0.999, f"{C}_event_loop_callback_cpu_seconds"), "controller"),
            (quantile(0.999, f"{H}_event_loop_callback_cpu_seconds", "host"), "host {{host}}"),
        ),
        chart(
            "Leases ended", "Hosts that went silent.", "reqps", (rate(f"{C}_leases_ended_total", "host"), "{{host}}")
        ),
        chart("Failed commits", "Of the database.", "reqps", (rate(f"{C}_journal_failures_total"), "failed")),
        chart(
            "Open files",
            "Share of what a server may open.",
            "percentunit",
            (
                'process_open_fds{job=~"orchestrion-.*"} / process_max_fds{job=~"orchestrion-.*"}',
                "{{job}} {{instance}}",
            ),
        ),
        chart(
            "Loads failed",
            "By expert.",
            "reqps",
            (rate(f"{H}_loads_total", "expert", 'outcome="failed"'), "{{expert}}"),
        ),
        chart(
            "Inferences failed",
            "By reason, on hosts.",
            "reqps",
            (rate(f"{H}_inference_errors_total", "reason"), "{{reason}}"),
            stacked=True,
        ),
    ),
)
