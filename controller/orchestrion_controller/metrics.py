"""What the controller measures. `docs/metrics.md` has the table."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from orchestrion.experts import Host
from orchestrion_serving.metrics import LATENCY_BUCKETS, CallMetrics


class ControllerMetrics(CallMetrics):
    """The metrics of one controller process."""

    def __init__(self) -> None:
        """Makes every metric, in the registry that CallMetrics made."""
        super().__init__("orchestrion_controller")
        name, to = "orchestrion_controller", self.registry
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
        self.tasks = Counter(
            f"{name}_tasks", "Tasks ended, by type, expert and state.", ["task_type", "expert", "state"], registry=to
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
        self.calls_waiting = Gauge(
            f"{name}_host_calls_waiting", "Calls waiting until their host takes more.", ["host"], registry=to
        )
        self.llm_calls = Counter(f"{name}_llm_calls", "Calls to the language model, by stage.", ["stage"], registry=to)
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
            self.hosts.labels(now.state.name.lower()).inc()
            for device in now.devices:
                self.host_memory_bytes.labels(now.name, device.name, "total").set(device.total_bytes)
                self.host_memory_bytes.labels(now.name, device.name, "free").set(device.free_bytes)
