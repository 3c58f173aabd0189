"""The host's metrics: counters, written where things happen, and gauges, read when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Final

from prometheus_client import Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from orchestrion.experts import Device, ExpertState, ExpertStatus
from orchestrion_serving.metrics import LATENCY_BUCKETS, CallMetrics

_NAMESPACE: Final = "orchestrion_host"


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
        self.loads = counter("loads", "Loads of experts, by outcome (loaded, failed).", ["expert", "outcome"])
        self.load_seconds = histogram(
            "load_seconds",
            "Time of a load, with its wait for room and the start of its worker.",
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
        self.artifact_fetches = counter(
            "artifact_fetches", "Input artifacts, by where they came from (cache, store).", ["source"]
        )
        self.artifact_bytes = counter(
            "artifact_bytes", "Bytes of artifacts moved, by direction (fetched, stored).", ["direction"]
        )


class HostSnapshot(Collector):
    """Gauges that are read off the host's state at the moment of a scrape."""

    def __init__(
        self,
        *,
        statuses: Callable[[], Iterable[ExpertStatus]],
        devices: Callable[[], Iterable[Device]],
        cache_bytes: Callable[[], int],
        connected: Callable[[], bool],
        workers: Callable[[], int],
        worker_bytes: Callable[[], Mapping[str, int]],
    ) -> None:
        """Keeps the functions that tell the state; they are called on the scraping thread and only read."""
        self._statuses = statuses
        self._devices = devices
        self._cache_bytes = cache_bytes
        self._connected = connected
        self._workers = workers
        self._worker_bytes = worker_bytes

    def collect(self) -> Iterable[Metric]:
        """Yields the gauges."""
        yield from self._experts()
        total = _gauge("memory_total_bytes", "Memory of a device that experts may take.", ["device"])
        used = _gauge("memory_used_bytes", "Memory of a device that is not free for experts.", ["device"])
        for device in self._devices():
            total.add_metric([device.name], device.total_bytes)
            used.add_metric([device.name], device.total_bytes - device.free_bytes)
        cache = _gauge("artifact_cache_bytes", "Bytes of artifacts in the cache.", [])
        cache.add_metric([], self._cache_bytes())
        connected = _gauge("advertise_connected", "1 while a controller lists this host, else 0.", [])
        connected.add_metric([], float(self._connected()))
        workers = _gauge("workers", "Worker processes that run.", [])
        workers.add_metric([], self._workers())
        own = _gauge(
            "worker_memory_bytes", "Main memory that a worker takes by itself, without its experts.", ["worker"]
        )
        for label, memory_bytes in self._worker_bytes().items():
            own.add_metric([label], memory_bytes)
        yield from (total, used, cache, connected, workers, own)

    def _experts(self) -> Iterable[Metric]:
        queued = _gauge("queued", "Inferences that wait for an expert.", ["expert"])
        running = _gauge("running", "Inferences that an expert computes.", ["expert"])
        memory = _gauge("expert_memory_bytes", "Memory that an expert takes, measured.", ["expert", "device"])
        state = _gauge("expert_state", "1 for the state that an expert is in, else 0.", ["expert", "state"])
        reserved = _gauge("reservations", "Reservations on an expert, soft and hard.", ["expert"])
        pinned = _gauge("pinned", "1 while an expert is pinned: it stays loaded until it is unpinned.", ["expert"])
        for status in self._statuses():
            queued.add_metric([status.expert_id], status.queued_count)
            running.add_metric([status.expert_id], status.running_count)
            reserved.add_metric([status.expert_id], status.reservation_count)
            pinned.add_metric([status.expert_id], float(status.pinned))
            if status.device:
                memory.add_metric([status.expert_id, status.device], status.memory_bytes)
            for possible in ExpertState:
                if possible is not ExpertState.UNSPECIFIED:
                    state.add_metric([status.expert_id, possible.name.lower()], float(possible is status.state))
        yield from (queued, running, memory, state, reserved, pinned)


def _gauge(name: str, text: str, labels: list[str]) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"orchestrion_host_{name}", text, labels=labels)
