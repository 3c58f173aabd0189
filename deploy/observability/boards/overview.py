"""Whether it is healthy, and who is slow."""

from __future__ import annotations

from typing import Final

from deploy.observability.boards.selectors import C, G, H, tails
from deploy.observability.panels import Board, chart, figure
from deploy.observability.promql import bare_rate, rate, share, total

OVERVIEW: Final = Board(
    "orchestrion-overview",
    "Overview",
    "Is it healthy, and who is slow?",
    (
        figure("Hosts ready", "Hosts that take work.", "short", total(f"{C}_hosts", where='state="ready"')),
        figure("Runs going on", "Runs that have not ended.", "short", total(f"{C}_runs_running")),
        figure(
            "Runs failed",
            "Share of the runs ended that failed.",
            "percentunit",
            share(bare_rate(f"{C}_runs_total", where='state="failed"'), bare_rate(f"{C}_runs_total")),
        ),
        figure("Calls queued", "Inferences that wait on all hosts.", "short", total(f"{H}_queued")),
        chart(
            "Readiness",
            "1 while a server says that it can be given work.",
            "short",
            (f"{C}_ready", "controller {{instance}}"),
            (f"{H}_ready", "host {{host}}"),
            (f"{G}_ready", "gateway {{instance}}"),
        ),
        chart(
            "Runs going on, and the limit",
            "Beyond it, runs are not accepted.",
            "short",
            (total(f"{C}_runs_running"), "going on"),
            (total(f"{C}_runs_limit"), "limit"),
        ),
        chart(
            "Runs ended", "By how they ended.", "reqps", (rate(f"{C}_runs_total", "state"), "{{state}}"), stacked=True
        ),
        chart("Time of a run", "From its creation to its end.", "s", *tails(f"{C}_run_seconds")),
        chart(
            "Inferences ended",
            "By outcome.",
            "reqps",
            (rate(f"{H}_inferences_total", "outcome"), "{{outcome}}"),
            stacked=True,
        ),
        chart(
            "HTTP requests",
            "To gateways, by status.",
            "reqps",
            (rate(f"{G}_requests_total", "code"), "{{code}}"),
            stacked=True,
        ),
        chart("HTTP request time", "From its head to the end of the response.", "s", *tails(f"{G}_request_seconds")),
        chart(
            "Servers", "1 while Prometheus reaches it.", "short", ('up{job=~"orchestrion-.*"}', "{{job}} {{instance}}")
        ),
        chart(
            "Main memory of the servers",
            "Resident, without workers.",
            "bytes",
            ('process_resident_memory_bytes{job=~"orchestrion-.*"}', "{{job}} {{instance}}"),
        ),
        chart(
            "Processor time of the servers",
            "Cores in use, without workers.",
            "short",
            ('rate(process_cpu_seconds_total{job=~"orchestrion-.*"}[$__rate_interval])', "{{job}} {{instance}}"),
        ),
    ),
)
