"""The six dashboards: what an operator asks, and the queries that answer it."""

from __future__ import annotations

from typing import Final

from deploy.observability.panels import Board, chart, figure
from deploy.observability.promql import bare_rate, mean, or_zero, quantile, rate, share, total

C: Final = "orchestrion_controller"
H: Final = "orchestrion_host"
G: Final = "orchestrion_gateway"
HOST: Final = 'host=~"$host"'
EXPERT: Final = 'expert=~"$expert"'
BOTH: Final = f"{HOST}, {EXPERT}"
FAILED_CODES: Final = 'code=~"INTERNAL|UNKNOWN|UNAVAILABLE|RESOURCE_EXHAUSTED|DEADLINE_EXCEEDED|DATA_LOSS"'


def _tails(metric: str, where: str = "") -> tuple[tuple[str, str], ...]:
    return tuple((quantile(q, metric, where=where), f"p{q * 100:g}") for q in (0.5, 0.95, 0.99))


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
            "Runs ended", "By how they ended.", "reqps", (rate(f"{C}_runs_total", "state"), "{{state}}"), stacked=True
        ),
        chart("Time of a run", "From its creation to its end.", "s", *_tails(f"{C}_run_seconds")),
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
        chart("HTTP request time", "From its head to the end of the response.", "s", *_tails(f"{G}_request_seconds")),
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
        chart("Commit time", "Of one group commit to the database.", "s", *_tails(f"{C}_journal_commit_seconds")),
        chart("Rows written", "To the database.", "wps", (rate(f"{C}_journal_writes_total"), "rows")),
    ),
)

HOSTS: Final = Board(
    "orchestrion-hosts",
    "Hosts and memory",
    "Where did the memory go, and what runs out first?",
    (
        chart(
            "Memory used",
            "Share of what experts may take.",
            "percentunit",
            (f"{H}_memory_used_bytes{{{HOST}}} / {H}_memory_total_bytes{{{HOST}}}", "{{host}} {{device}}"),
        ),
        chart(
            "Memory by expert",
            "Measured at load.",
            "bytes",
            (total(f"{H}_expert_memory_bytes", "host, expert", HOST), "{{expert}} on {{host}}"),
            stacked=True,
        ),
        chart(
            "Memory as the controller sees it",
            "Of listed hosts.",
            "bytes",
            (total(f"{C}_host_memory_bytes", "host, what"), "{{host}} {{what}}"),
        ),
        chart(
            "Workers' own memory",
            "What a worker takes without its experts.",
            "bytes",
            (total(f"{H}_worker_memory_bytes", "host, worker", HOST), "{{worker}} on {{host}}"),
            stacked=True,
        ),
        chart("Workers", "Worker processes.", "short", (total(f"{H}_workers", "host", HOST), "{{host}}")),
        chart(
            "Worker restarts",
            "Workers that ended unexpectedly.",
            "reqps",
            (rate(f"{H}_worker_restarts_total", "host, worker", HOST), "{{worker}} on {{host}}"),
        ),
        chart(
            "Evictions",
            "Experts that gave way.",
            "reqps",
            (rate(f"{H}_evictions_total", "host, expert", HOST), "{{expert}} on {{host}}"),
        ),
        chart(
            "Reservations",
            "Claims on loaded experts.",
            "short",
            (total(f"{H}_reservations", "host, strength", HOST), "{{host}} {{strength}}"),
        ),
        chart(
            "Artifacts kept", "In the cache of each host.", "bytes", (f"{H}_artifact_cache_bytes{{{HOST}}}", "{{host}}")
        ),
        chart(
            "Artifacts moved",
            "By direction.",
            "Bps",
            (rate(f"{H}_artifact_bytes_total", "direction", HOST), "host {{direction}}"),
            (rate(f"{C}_artifact_bytes_total", "direction"), "controller {{direction}}"),
        ),
        chart(
            "Artifacts fetched",
            "From the cache or from the store.",
            "reqps",
            (rate(f"{H}_artifact_fetches_total", "source", HOST), "{{source}}"),
        ),
        chart(
            "Listed",
            "1 while a controller lists the host.",
            "short",
            (f"{H}_advertise_connected{{{HOST}}}", "{{host}}"),
        ),
        chart(
            "Memory reserved",
            "Taken by, or promised to, experts that must not give way.",
            "bytes",
            (f"{H}_memory_reserved_bytes{{{HOST}}}", "{{host}} {{device}}"),
        ),
        chart(
            "Waiting for room",
            "Calls and reservations.",
            "short",
            (total(f"{H}_room_waiting", "host", HOST), "{{host}}"),
        ),
        chart(
            "Experts by state",
            "Of all catalogues.",
            "short",
            (total(f"{H}_experts", "state", HOST), "{{state}}"),
            stacked=True,
        ),
        chart(
            "Wait of a load",
            "For room on a device, 95th percentile.",
            "s",
            (quantile(0.95, f"{H}_room_wait_seconds", "host", HOST), "{{host}}"),
        ),
        chart(
            "Devices in use",
            "Share of time (NVML).",
            "percentunit",
            (f"{H}_device_utilization_ratio{{{HOST}}}", "{{host}} {{device}}"),
            needs_nvml=True,
        ),
        chart(
            "Temperature",
            "Of devices (NVML).",
            "celsius",
            (f"{H}_device_temperature_celsius{{{HOST}}}", "{{host}} {{device}}"),
            needs_nvml=True,
        ),
        chart(
            "Power",
            "Of devices, and what they may draw (NVML).",
            "watt",
            (f"{H}_device_power_watts{{{HOST}}}", "{{host}} {{device}}"),
            (f"{H}_device_power_limit_watts{{{HOST}}}", "{{host}} {{device}} limit"),
            needs_nvml=True,
        ),
        chart(
            "Device memory, all programs",
            "Used (NVML).",
            "bytes",
            (f"{H}_device_memory_used_bytes{{{HOST}}}", "{{host}} {{device}}"),
            needs_nvml=True,
        ),
    ),
    ("host",),
)

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

LANGUAGE_MODEL: Final = Board(
    "orchestrion-language-model",
    "Language model and planning",
    "What does the language model cost, and does it plan?",
    (
        chart("Calls", "By stage.", "reqps", (rate(f"{C}_llm_calls_total", "stage"), "{{stage}}"), stacked=True),
        chart(
            "Tokens",
            "By stage and direction.",
            "short",
            (rate(f"{C}_llm_tokens_total", "stage, direction"), "{{stage}} {{direction}}"),
        ),
        chart("Planning time", "Of the stage plan.", "s", *_tails(f"{C}_stage_seconds", 'stage="plan"')),
        chart("Answering time", "Of the stage respond.", "s", *_tails(f"{C}_stage_seconds", 'stage="respond"')),
        chart(
            "Plans",
            "By outcome of the stage.",
            "reqps",
            (rate(f"{C}_stages_total", "outcome", 'stage="plan"'), "{{outcome}}"),
            stacked=True,
        ),
        chart(
            "Fallbacks",
            "Calls that another model was asked for instead.",
            "reqps",
            (rate(f"{C}_llm_fallbacks_total", "model, reason"), "{{model}} {{reason}}"),
        ),
        chart("Approvals", "By outcome.", "reqps", (rate(f"{C}_plan_approvals_total", "outcome"), "{{outcome}}")),
        chart(
            "Tokens a call",
            "Mean, by direction.",
            "short",
            (
                or_zero(
                    f"{bare_rate(f'{C}_llm_tokens_total', 'direction')} "
                    f"/ on () group_left () ({bare_rate(f'{C}_llm_calls_total')} > 0)"
                ),
                "{{direction}}",
            ),
        ),
    ),
)

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

BOARDS: Final = (OVERVIEW, RUN, HOSTS, EXPERTS, LANGUAGE_MODEL, ERRORS)
