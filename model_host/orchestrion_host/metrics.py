"""The host's counters and times, written where things happen; `gauges` has what is read off its state."""

from __future__ import annotations

from functools import partial
from typing import Final

from prometheus_client import Counter, Histogram

from orchestrion.errors import Reason
from orchestrion_serving.metrics import LATENCY_BUCKETS, CallMetrics

_NAMESPACE: Final = "orchestrion_host"
_TOKENS_PER_SECOND: Final = (1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000)


class HostMetrics:
    """What is counted and timed, in the registry of the gRPC metrics."""

    def __init__(self, calls: CallMetrics) -> None:
        """Makes the metrics `orchestrion_host_…`."""
        self.registry = calls.registry
        counter = partial(Counter, namespace=_NAMESPACE, registry=self.registry)
        histogram = partial(Histogram, namespace=_NAMESPACE, registry=self.registry)
        self.inferences = counter(
            "inferences",
            "Inferences ended, by expert, task type and outcome (succeeded, failed, cancelled, rejected).",
            ["expert", "task_type", "outcome"],
        )
        self.inference_errors = counter(
            "inference_errors",
            "Inferences failed or rejected, by expert and reason; `other` is what is no reason of the API.",
            ["expert", "reason"],
        )
        self.queue_seconds = histogram(
            "inference_queue_seconds",
            "Time of an inference from its arrival to its forward pass: loading, fetching inputs, waiting.",
            ["expert"],
            buckets=LATENCY_BUCKETS,
        )
        self.compute_seconds = histogram(
            "inference_compute_seconds",
            "Time of the forward pass that an inference was part of.",
            ["expert"],
            buckets=LATENCY_BUCKETS,
        )
        self.batch_size = histogram(
            "inference_batch_size",
            "Inferences in the forward pass that an inference was part of.",
            ["expert"],
            buckets=(1, 2, 4, 8, 16, 32, 64, 128),
        )
        self.batches = counter("batches", "Forward passes ended.", ["expert"])
        self.generated_tokens = counter(
            "generated_tokens", "Tokens that an expert generated, also for calls that were cancelled.", ["expert"]
        )
        self.generation_tokens_per_second = histogram(
            "generation_tokens_per_second",
            "Tokens per second of a forward pass that generated, those of all its calls together.",
            ["expert"],
            buckets=_TOKENS_PER_SECOND,
        )
        self.loads = counter("loads", "Loads of experts, by outcome (loaded, failed).", ["expert", "outcome"])
        self.load_seconds = histogram(
            "load_seconds",
            "Time of a load, with its wait for room and the start of its worker.",
            ["expert"],
            buckets=LATENCY_BUCKETS,
        )
        self.room_wait_seconds = histogram(
            "room_wait_seconds",
            "Time that a load waited for room on a device, before it began or was given up.",
            ["expert"],
            buckets=LATENCY_BUCKETS,
        )
        self.evictions = counter("evictions", "Experts that gave way to others.", ["expert"])
        self.worker_restarts = counter(
            "worker_restarts", "Workers that ended unexpectedly and are replaced, by runtime and device.", ["worker"]
        )
        self.result_lookups = counter(
            "result_lookups",
            "Calls of deterministic experts, by whether their result was kept from an earlier one (hit, miss).",
            ["outcome"],
        )
        self.http_requests = counter(
            "http_requests",
            "Requests of the Open Inference Protocol over HTTP, by call and status; `left` is a client that hung up.",
            ["call", "status"],
        )
        self.http_seconds = histogram(
            "http_request_seconds",
            "Time of a request of the Open Inference Protocol over HTTP, to its answer.",
            ["call"],
            buckets=LATENCY_BUCKETS,
        )
        self.artifact_fetches = counter(
            "artifact_fetches", "Input artifacts, by where they came from (cache, store).", ["source"]
        )
        self.artifact_bytes = counter(
            "artifact_bytes", "Bytes of artifacts moved, by direction (fetched, stored).", ["direction"]
        )

    def note_batch(self, expert_id: str, compute_ms: float, generated_token_count: int) -> None:
        """Counts a forward pass that ended, and the tokens that it generated."""
        self.batches.labels(expert_id).inc()
        if generated_token_count > 0:
            self.generated_tokens.labels(expert_id).inc(generated_token_count)
            if compute_ms > 0:
                self.generation_tokens_per_second.labels(expert_id).observe(generated_token_count * 1000 / compute_ms)

    def note_error(self, expert_id: str, reason: str) -> None:
        """Counts an inference that failed or was rejected; what plug-ins make up as reasons is one label."""
        self.inference_errors.labels(expert_id, reason if reason in Reason.__members__ else "other").inc()
