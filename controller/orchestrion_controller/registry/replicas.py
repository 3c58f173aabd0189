"""The replicas of one host: each an expert on it, by task type, computed from a report on first use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from orchestrion.experts import Expert, ExpertState, ExpertStatus, Host

ReplicaKey: TypeAlias = tuple[str, str]
"""The key of a replica: a host's name and an expert's id."""


@dataclass(frozen=True, slots=True)
class HostSummary:
    """What all replicas of one report of a host have in common."""

    total_bytes: int
    """The memory of its largest device; 0 where it has none."""
    free_bytes: int
    """The most that is free on one device."""
    device_count: int
    """How many devices it has; at least 1."""
    has_gpu: bool
    """Whether one of them is a GPU."""
    call_count: int
    """Calls waiting and being computed, over all of its experts."""
    latency_s: float
    """Seconds of device time per call on average: its share of a batch; 0 where none was measured."""
    load_count: int
    """Experts being loaded, or waiting for that because calls wait for them."""
    load_bytes: int
    """What these take, in bytes."""

    @classmethod
    def of(cls, host: Host) -> HostSummary:
        """Summarises a host's report."""
        call_count, measured_count, total_ms = 0, 0, 0.0
        loads: set[str] = set()
        batch_sizes: dict[str, int] = {}
        for status in host.statuses:
            calls = status.queued_count + status.running_count
            call_count += calls
            if is_loading(status):
                loads.add(status.expert_id)
            if calls and status.latency_ms > 0:
                batch_sizes = batch_sizes or {expert.id: expert.max_batch_size for expert in host.experts}
                measured_count += calls
                total_ms += calls * status.latency_ms / max(1, batch_sizes.get(status.expert_id, 1))
        return cls(
            total_bytes=max((device.total_bytes for device in host.devices), default=0),
            free_bytes=max((device.free_bytes for device in host.devices), default=0),
            device_count=max(1, len(host.devices)),
            has_gpu=any(device.name.startswith("cuda") for device in host.devices),
            call_count=call_count,
            latency_s=total_ms / measured_count / 1000 if measured_count else 0.0,
            load_count=len(loads),
            load_bytes=sum(expert.memory_bytes for expert in host.experts if expert.id in loads) if loads else 0,
        )


@dataclass(frozen=True, slots=True)
class Replica:
    """One expert on one host that takes work: what a selector chooses among."""

    host: Host
    """The host, by its latest report."""
    expert: Expert
    """The expert's facts."""
    status: ExpertStatus
    """Its state on the host, by the same report."""
    summary: HostSummary
    """The load of its host, shared by the host's replicas."""
    key: ReplicaKey
    """Its name: the host's name and the expert's id."""

    @property
    def is_available(self) -> bool:
        """Whether the expert is available there: the host can run it, and has its files or can fetch them."""
        return _is_available(self.status.state, self.host.fetches_on_demand)


def is_loading(status: ExpertStatus) -> bool:
    """Whether an expert is being loaded, or waits for that because calls wait for it."""
    if status.state is ExpertState.LOADING:
        return True
    return bool(status.queued_count) and status.state in (ExpertState.LOADABLE, ExpertState.TO_BE_FETCHED)


def _is_available(state: ExpertState, fetches_on_demand: bool) -> bool:
    if state is ExpertState.TO_BE_FETCHED:
        return fetches_on_demand
    return state not in (ExpertState.UNAVAILABLE, ExpertState.UNSPECIFIED)


class HostReplicas:
    """The replicas by one report of one host."""

    def __init__(self, host: Host, before: HostReplicas | None = None) -> None:
        """Takes the report.

        Args:
            host: The host as it reported itself.
            before: Those by its last report: facts that have not changed are not computed again.
        """
        self._host = host
        self._statuses = {status.expert_id: status for status in host.statuses}
        same = before is not None and before._host.experts is host.experts
        self._by_type: Mapping[str, Sequence[Expert]] = before._by_type if before and same else _by_type(host.experts)
        self._summary: HostSummary | None = None
        self._task_types: frozenset[str] | None = None
        self._replicas: dict[str, tuple[Replica, ...]] = {}

    def of(self, task_type: str) -> Sequence[Replica]:
        """Returns the replicas that perform a task type."""
        replicas = self._replicas.get(task_type)
        if replicas is None:
            experts = self._by_type.get(task_type, ())
            replicas = tuple(self._replica(expert) for expert in experts if expert.id in self._statuses)
            self._replicas[task_type] = replicas
        return replicas

    def expert(self, expert_id: str) -> Replica | None:
        """Returns the replica of an expert; None when the host has none of that id."""
        if expert_id not in self._statuses:
            return None
        expert = next((expert for expert in self._host.experts if expert.id == expert_id), None)
        return self._replica(expert) if expert else None

    def task_types(self) -> frozenset[str]:
        """Returns the task types for which some expert is available."""
        if self._task_types is None:
            fetches = self._host.fetches_on_demand
            states = {expert_id: status.state for expert_id, status in self._statuses.items()}
            self._task_types = frozenset(
                name
                for name, experts in self._by_type.items()
                if any(_is_available(states.get(expert.id, ExpertState.UNSPECIFIED), fetches) for expert in experts)
            )
        return self._task_types

    def _replica(self, expert: Expert) -> Replica:
        if self._summary is None:
            self._summary = HostSummary.of(self._host)
        return Replica(self._host, expert, self._statuses[expert.id], self._summary, (self._host.name, expert.id))


def _by_type(experts: Sequence[Expert]) -> Mapping[str, Sequence[Expert]]:
    by_type: dict[str, list[Expert]] = {}
    for expert in experts:
        for task_type in expert.task_types:
            by_type.setdefault(task_type, []).append(expert)
    return by_type
