"""The host's gauges: read off its state at the moment of a scrape."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from orchestrion.experts import ExpertState
from orchestrion_host.experts.expert import HostedExpert
from orchestrion_host.memory.devices import Devices
from orchestrion_host.memory.nvml import DeviceReading

_STATES: Final = tuple(state for state in ExpertState if state is not ExpertState.UNSPECIFIED)


@dataclass(frozen=True, slots=True)
class CacheUse:
    """What a cache has and may have."""

    used_bytes: Callable[[], int]
    """Tells what it takes now, in bytes."""
    limit_bytes: int
    """What it may take, in bytes."""


class HostGauges(Collector):
    """Gauges of experts, devices and caches.

    Of a catalogue with thousands of experts, only those have series of their own that were asked for since the host
    started; `experts` counts all.
    """

    def __init__(
        self,
        *,
        experts: Callable[[], Iterable[HostedExpert]],
        devices: Devices,
        readings: Callable[[], Iterable[DeviceReading]],
        artifacts: CacheUse,
        results: CacheUse,
        connected: Callable[[], bool],
        workers: Callable[[], int],
        worker_bytes: Callable[[], Mapping[str, int]],
        queue_limit: int,
    ) -> None:
        """Keeps what tells the state; it is called on the scraping thread and only read.

        Args:
            experts: All experts of the host.
            devices: The accounts of its devices.
            readings: What the devices measure of themselves.
            artifacts: The cache of artifacts.
            results: The cache of results.
            connected: Whether a controller lists the host.
            workers: How many workers run.
            worker_bytes: What each takes of main memory by itself, by its label.
            queue_limit: How many calls may wait for one expert.
        """
        self._experts = experts
        self._devices = devices
        self._readings = readings
        self._artifacts = artifacts
        self._results = results
        self._connected = connected
        self._workers = workers
        self._worker_bytes = worker_bytes
        self._queue_limit = queue_limit

    def collect(self) -> Iterable[Metric]:
        """Yields the gauges."""
        experts = tuple(self._experts())
        yield from _of_experts(experts)
        yield from self._memory(experts)
        yield from _of_devices(self._devices, self._readings())
        yield _single("queue_limit", "Calls that may wait for one expert; more are rejected.", self._queue_limit)
        yield _single("artifact_cache_bytes", "Bytes of artifacts in the cache.", self._artifacts.used_bytes())
        yield _single(
            "artifact_cache_limit_bytes", "Bytes that artifacts in the cache may take.", self._artifacts.limit_bytes
        )
        yield _single("result_cache_bytes", "Bytes of results kept.", self._results.used_bytes())
        yield _single("result_cache_limit_bytes", "Bytes that results kept may take.", self._results.limit_bytes)
        yield _single("advertise_connected", "1 while a controller lists this host, else 0.", self._connected())
        yield _single("workers", "Worker processes that run.", self._workers())

    def _memory(self, experts: Iterable[HostedExpert]) -> Iterable[Metric]:
        total = _gauge("memory_total_bytes", "Memory of a device that experts may take.", ["device"])
        used = _gauge("memory_used_bytes", "Memory of a device that is not free for experts.", ["device"])
        reserved = _gauge(
            "memory_reserved_bytes",
            "Memory of a device that experts have, or are promised, that must not be evicted: reserved hard or pinned.",
            ["device"],
        )
        kept = [expert for expert in experts if expert.reserved_hard]
        for account in self._devices.accounts:
            device = account.describe()
            total.add_metric([device.name], device.total_bytes)
            used.add_metric([device.name], device.total_bytes - device.free_bytes)
            reserved.add_metric([device.name], sum(account.charged_bytes(expert.facts.id) for expert in kept))
        own = _gauge(
            "worker_memory_bytes", "Main memory that a worker takes by itself, without its experts.", ["worker"]
        )
        for label, memory_bytes in self._worker_bytes().items():
            own.add_metric([label], memory_bytes)
        return total, used, reserved, own


def _of_experts(experts: Iterable[HostedExpert]) -> Iterable[Metric]:
    queued = _gauge("queued", "Inferences that wait for an expert.", ["expert"])
    running = _gauge("running", "Inferences that an expert computes.", ["expert"])
    waiting = _gauge("room_waiting", "Calls and reservations that wait for room for an expert.", ["expert"])
    memory = _gauge("expert_memory_bytes", "Memory that an expert takes, measured.", ["expert", "device"])
    state = _gauge("expert_state", "1 for the state that an expert is in, else 0.", ["expert", "state"])
    reserved = _gauge("reservations", "Reservations on an expert, by strength (soft, hard).", ["expert", "strength"])
    pinned = _gauge("pinned", "1 while an expert is pinned: it stays loaded until it is unpinned.", ["expert"])
    count = _gauge("experts", "Experts of the catalogue, by state.", ["state"])
    counts: Counter[ExpertState] = Counter()
    for expert in experts:
        status, name = expert.status(), expert.facts.id
        counts[status.state] += 1
        if not expert.was_used:
            continue
        hard = sum(list(expert.reservations.values()))
        queued.add_metric([name], status.queued_count)
        running.add_metric([name], status.running_count)
        waiting.add_metric([name], expert.room_waiter_count)
        reserved.add_metric([name, "soft"], max(0, status.reservation_count - hard))
        reserved.add_metric([name, "hard"], hard)
        pinned.add_metric([name], float(status.pinned))
        if status.device:
            memory.add_metric([name, status.device], status.memory_bytes)
        for possible in _STATES:
            state.add_metric([name, possible.name.lower()], float(possible is status.state))
    for possible in _STATES:
        count.add_metric([possible.name.lower()], counts[possible])
    return queued, running, waiting, memory, state, reserved, pinned, count


def _of_devices(devices: Devices, readings: Iterable[DeviceReading]) -> Iterable[Metric]:
    info = _gauge("device_info", "1 for each device, with the maker's name for it.", ["device", "model"])
    for account in devices.accounts:
        info.add_metric([account.name, account.model], 1)
    gauges = {
        "utilization_ratio": _gauge(
            "device_utilization_ratio",
            "Share of the last moments that a device computed, 0 to 1 (NVML).",
            ["device"],
        ),
        "temperature_celsius": _gauge(
            "device_temperature_celsius", "Temperature of a device, in degrees Celsius (NVML).", ["device"]
        ),
        "power_watts": _gauge("device_power_watts", "Power that a device draws, in watts (NVML).", ["device"]),
        "power_limit_watts": _gauge(
            "device_power_limit_watts", "Power that a device may draw, in watts (NVML).", ["device"]
        ),
        "memory_total_bytes": _gauge(
            "device_memory_total_bytes", "All memory of a device, whoever may take it (NVML).", ["device"]
        ),
        "memory_used_bytes": _gauge(
            "device_memory_used_bytes", "Memory of a device that is taken, by whatever program (NVML).", ["device"]
        ),
    }
    for reading in readings:
        for name, gauge in gauges.items():
            value = getattr(reading, name)
            if value is not None:
                gauge.add_metric([reading.device], value)
    return info, *gauges.values()


def _single(name: str, text: str, value: float) -> GaugeMetricFamily:
    gauge = _gauge(name, text, [])
    gauge.add_metric([], float(value))
    return gauge


def _gauge(name: str, text: str, labels: list[str]) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"orchestrion_host_{name}", text, labels=labels)
