"""Where the time of a run goes."""

from __future__ import annotations

from typing import Final

from deploy.observability.boards.selectors import C, H, tails
from deploy.observability.panels import Board, chart
from deploy.observability.promql import mean, quantile, rate, total

RUN: Final = Board(
    "orchestrion-run",
    "Anatomy of a run",
    "Where does the time of a run go?",
    (
        chart("Time of each stage", "Mean.", "s", (mean(f"{C}_stage_seconds", "stage"), "{{stage}}"), stacked=True),
        chart("Slowest stages", "95th percentile.", "s", (quantile(0.95, f"{C}_stage_seconds", "stage"), "{{stage}}")),
        chart(
            "Stages ended",
            "By stage and outcome.",
            "reqps",
            (rate(f"{C}_stages_total", "stage, outcome"), "{{stage}} {{outcome}}"),
        ),
        chart(
            "Tasks ended",
            "By type and state.",
            "reqps",
            (rate(f"{C}_tasks_total", "task_type, state"), "{{task_type}} {{state}}"),
        ),
        chart(
            "Time of a task",
            "From the moment its inputs exist; 95th percentile.",
            "s",
            (quantile(0.95, f"{C}_task_seconds", "task_type"), "{{task_type}}"),
        ),
        chart(
            "Queue and compute",
            "95th percentile on all hosts.",
            "s",
            (quantile(0.95, f"{H}_inference_queue_seconds"), "until the forward pass"),
            (quantile(0.95, f"{H}_inference_compute_seconds"), "forward pass"),
        ),
        chart(
            "Calls kept back",
            "Calls that the controller holds until their host takes more.",
            "short",
            (total(f"{C}_host_calls_waiting", "host"), "{{host}}"),
        ),
        chart(
            "Readers and approvals",
            "Clients that read events, and runs that wait for a person.",
            "short",
            (total(f"{C}_readers"), "readers"),
            (total(f"{C}_runs_awaiting_approval"), "awaiting approval"),
        ),
        chart(
            "Time to the first planned task",
            "From the start of the stage Plan.",
            "s",
            *tails(f"{C}_first_task_seconds"),
        ),
        chart(
            "Failovers",
            "Attempts that followed a failed one, by where they went.",
            "reqps",
            (rate(f"{C}_retries_total", "to"), "{{to}}"),
            stacked=True,
        ),
        chart(
            "Rank chosen",
            "Assignments by the place of what was chosen among the candidates; 1 is the best.",
            "reqps",
            (rate(f"{C}_selections_total", "rank"), "rank {{rank}}"),
            stacked=True,
        ),
        chart(
            "Size of the database",
            "On disk, with what is still to be merged.",
            "bytes",
            (total(f"{C}_database_bytes"), "database"),
            (total(f"{C}_artifact_store_bytes"), "artifacts"),
        ),
        chart("Commit time", "Of one group commit to the database.", "s", *tails(f"{C}_journal_commit_seconds")),
        chart("Rows written", "To the database.", "wps", (rate(f"{C}_journal_writes_total"), "rows")),
    ),
)
