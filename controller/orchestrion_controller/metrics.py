"""What the controller measures. `docs/metrics.md` has the table."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import Counter, Gauge, Histogram

from orchestrion.experts import Host
from orchestrion_serving.metrics import LATENCY_BUCKETS, CallMetrics


class ControllerMetrics(CallMetrics):
    """The metrics of one controller process."""

    def __init__(self) -> None:
        """Makes every metric, in the registry that CallMetrics made."""
        super().__init__("orchestrion_controller")
        name, to = "orchestrion_controller", self.registry
        self._experts: set[str] = set()
        self._task_types: set[str] = set()
        self.runs_started = Counter(
            f"{name}_runs_started",
            "Runs accepted, by kind; one that goes on after a restart was counted before it.",
            ["kind"],
            registry=to,
        )
        self.runs_rejected = Counter(
            f"{name}_runs_rejected", "Runs that were not accepted, by reason.", ["reason"], registry=to
        )
        self.runs_limit = Gauge(f"{name}_runs_limit", "How many runs may go on at once.", registry=to)
        self.run_failures = Counter(
            f"{name}_run_failures",
            "Runs that failed or were cancelled or refused, by kind and reason.",
            ["kind", "reason"],
            registry=to,
        )
        self.runs = Counter(f"{name}_runs", "Runs ended, by kind and state.", ["kind", "state"], registry=to)
        self.runs_running = Gauge(f"{name}_runs_running", "Runs going on.", registry=to)
        self.runs_awaiting_approval = Gauge(
            f"{name}_runs_awaiting_approval", "Runs that wait until their plan is approved.", registry=to
        )
        self.plan_approvals = Counter(
            f"{name}_plan_approvals",
            "Plans that were approved as they were or edited, or that nobody approved in time.",
            ["outcome"],
            registry=to,
        )
        self.run_seconds = Histogram(
            f"{name}_run_seconds",
            "Time from a run's creation to its end.",
            ["kind"],
            buckets=LATENCY_BUCKETS,
            registry=to,
        )
        self.readers = Gauge(f"{name}_readers", "Clients reading runs' events.", registry=to)
        self.stages = Counter(f"{name}_stages", "Stages ended, by outcome.", ["stage", "outcome"], registry=to)
        self.stage_seconds = Histogram(
            f"{name}_stage_seconds", "Time of a stage.", ["stage"], buckets=LATENCY_BUCKETS, registry=to
        )
        self.first_task_seconds = Histogram(
            f"{name}_first_task_seconds",
            "Time from the start of the stage Plan to its first planned task.",
            buckets=LATENCY_BUCKETS,
            registry=to,
        )
        self.plan_repairs = Counter(
            f"{name}_plan_repairs", "Plans that were not valid, or broke off, and were asked for again.", registry=to
        )
        self.not_done = Counter(
            f"{name}_not_done", "Parts of requests that their plans do not do, and say so.", registry=to
        )
        self.selections = Counter(
            f"{name}_selections",
            "Assignments, by the place of what was chosen among the ranked candidates (1 is the best).",
            ["rank"],
            registry=to,
        )
        self.selection_fallbacks = Counter(
            f"{name}_selection_fallbacks",
            "Assignments by rank under the policy `llm`, by reason (no_reply, no_room, unnamed, no_candidate, gone).",
            ["reason"],
            registry=to,
        )
        self.tasks = Counter(
            f"{name}_tasks",
            "Tasks ended, by type, expert and state; `other` is what no host has.",
            ["task_type", "expert", "state"],
            registry=to,
        )
        self.task_seconds = Histogram(
            f"{name}_task_seconds",
            "Time from the moment a task's inputs existed to its end.",
            ["task_type"],
            buckets=LATENCY_BUCKETS,
            registry=to,
        )
        self.attempts_failed = Counter(
            f"{name}_attempts_failed", "Attempts failed, by expert and reason.", ["expert", "reason"], registry=to
        )
        self.attempts = Counter(
            f"{name}_attempts",
            "Calls of Infer to hosts that ended, by status code; `UNREACHABLE` where no host answered.",
            ["code"],
            registry=to,
        )
        self.retries = Counter(
            f"{name}_retries",
            "Attempts that followed a failed one, by where they went (same_replica, other_host, other_expert).",
            ["to"],
            registry=to,
        )
        self.calls_waiting = Gauge(
            f"{name}_host_calls_waiting", "Calls waiting until their host takes more.", ["host"], registry=to
        )
        self.llm_calls = Counter(
            f"{name}_llm_calls",
            "Calls to the language model ended, by stage and outcome (succeeded, failed, cancelled).",
            ["stage", "outcome"],
            registry=to,
        )
        self.llm_call_seconds = Histogram(
            f"{name}_llm_call_seconds",
            "Time of a call to the language model, to the end of its reply.",
            ["stage"],
            buckets=LATENCY_BUCKETS,
            registry=to,
        )
        self.llm_first_token_seconds = Histogram(
            f"{name}_llm_first_token_seconds",
            "Time from a call to the language model to the first piece of its reply.",
            ["stage"],
            buckets=LATENCY_BUCKETS,
            registry=to,
        )
        self.llm_tokens = Counter(
            f"{name}_llm_tokens",
            "Tokens, by stage and direction; `cached` are those of prompts that the endpoint had.",
            ["stage", "direction"],
            registry=to,
        )
        self.llm_fallbacks = Counter(
            f"{name}_llm_fallbacks",
            "Calls that a language model failed at and another was asked for instead, by reason.",
            ["model", "asked_instead", "reason"],
            registry=to,
        )
        self.hosts = Gauge(f"{name}_hosts", "Hosts listed, by state.", ["state"], registry=to)
        self.host_memory_bytes = Gauge(
            f"{name}_host_memory_bytes",
            "Memory of listed hosts, total and free.",
            ["host", "device", "what"],
            registry=to,
        )
        self.leases_ended = Counter(
            f"{name}_leases_ended",
            "Leases that ended since their host had gone silent, by host; none of a host that shut down.",
            ["host"],
            registry=to,
        )
        self.registry_watchers = Gauge(
            f"{name}_registry_watchers", "Clients that watch the list of hosts.", registry=to
        )
        self.database_size = Gauge(
            f"{name}_database_bytes", "Size of the database on disk, with what is still to be merged.", registry=to
        )
        self.artifacts = Gauge(f"{name}_artifacts", "Contents in the artifact store.", registry=to)
        self.artifact_store_bytes = Gauge(
            f"{name}_artifact_store_bytes", "Bytes of the contents in the artifact store.", registry=to
        )
        self.expired = Counter(
            f"{name}_expired", "Ended runs and artifacts that retention removed, by kind.", ["kind"], registry=to
        )
        self.journal_writes = Counter(f"{name}_journal_writes", "Rows written.", registry=to)
        self.journal_failures = Counter(f"{name}_journal_failures", "Commits that failed.", registry=to)
        self.journal_commit_seconds = Histogram(
            f"{name}_journal_commit_seconds",
            "Time of one group commit.",
            buckets=(0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.005, 0.025, 0.1, 1.0),
            registry=to,
        )
        self.artifact_bytes = Counter(
            f"{name}_artifact_bytes", "Bytes of artifacts moved, by direction.", ["direction"], registry=to
        )

    def define_task_types(self, names: Iterable[str]) -> None:
        """Lets task types have series of their own: the server's and those of its hosts, never those of callers."""
        self._task_types.update(names)

    def task_type(self, name: str) -> str:
        """Returns the label of a task type; `other` for one that only a caller defined."""
        return name if name in self._task_types else "other"

    def expert(self, expert_id: str) -> str:
        """Returns the label of an expert; `other` for one that no host has had."""
        return expert_id if expert_id in self._experts else "other"

    def show_host(self, now: Host | None, before: Host | None) -> None:
        """Replaces a host's gauges: `before` is removed, `now` is set; None for a host that is not listed."""
        if before is not None:
            self.hosts.labels(before.state.name.lower()).dec()
            names = {device.name for device in now.devices} if now is not None else set()
            for device in before.devices:
                if device.name not in names:
                    for what in ("total", "free"):
                        self.host_memory_bytes.remove(before.name, device.name, what)
        if now is not None:
            if before is None or now.experts is not before.experts:
                # The series begins at 0, so that the first lease that ends is an increase.
                self.leases_ended.labels(now.name)
                self._experts.update(expert.id for expert in now.experts)
                self._task_types.update(task_type.name for task_type in now.task_types)
            self.hosts.labels(now.state.name.lower()).inc()
            for device in now.devices:
                self.host_memory_bytes.labels(now.name, device.name, "total").set(device.total_bytes)
                self.host_memory_bytes.labels(now.name, device.name, "free").set(device.free_bytes)
