"""Hosts by lease: a report renews it, a broken stream stops new work, an expired lease removes the host."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from orchestrion import names
from orchestrion.errors import OrchestrionError, Reason
from orchestrion.experts import (
    AbsentExpert,
    Device,
    Expert,
    ExpertPlacement,
    ExpertState,
    ExpertStatus,
    Host,
    HostFacts,
    HostState,
    ListedExpert,
    ListedTaskType,
    TaskTypeState,
)
from orchestrion.plans import TaskType
from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_controller.registry.replicas import HostReplicas, Replica
from orchestrion_controller.registry.task_types import TaskTypeDefinitions

_log = logging.getLogger(__name__)
_NO_TASK_TYPES: Final[Mapping[str, TaskType]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Report:
    """What a host reports; `facts` are left out where the registry has those of the digest."""

    name: str
    instance_id: str
    facts_digest: str
    facts: HostFacts | None
    devices: tuple[Device, ...]
    statuses: tuple[ExpertStatus, ...]
    draining: bool
    worker_restart_count: int


@dataclass(slots=True)
class _Listing:
    """A host, the process that reports for it, and the timer that ends its lease."""

    host: Host
    facts: HostFacts
    replicas: HostReplicas
    instance_id: str
    facts_digest: str
    stream: object
    version: int
    expiry: asyncio.TimerHandle


class Registry:
    """The hosts that are listed with this controller."""

    def __init__(
        self, lease_ms: int, metrics: ControllerMetrics, built_in: Mapping[str, TaskType] = _NO_TASK_TYPES
    ) -> None:
        """Starts empty.

        Args:
            lease_ms: How long a host stays listed without a report, in milliseconds.
            metrics: Where hosts and their memory are shown.
            built_in: The server's own task types, by name.
        """
        self.lease_ms = lease_ms
        self._definitions = TaskTypeDefinitions(built_in)
        self._metrics = metrics
        metrics.define_task_types(built_in)
        self._listings: dict[str, _Listing] = {}
        self._version = 0
        self._experts: dict[str, Expert] = {}
        self._task_types: frozenset[str] | None = None
        self._changed = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._grace_end = self._loop.time() + lease_ms / 1000
        self._on_lost: list[Callable[[str], None]] = []
        self._on_leaving: list[Callable[[], None]] = []
        self._on_listed: list[Callable[[str], None]] = []
        self._expected: frozenset[str] = frozenset()
        self._closed = asyncio.Event()

    def on_lost(self, notify: Callable[[str], None]) -> None:
        """Has a function called with the name of each host whose lease ends, or in whose place another process reports.

        Calls that such a host holds get no answer any more: a stopped process, or a dead link, breaks no connection. A
        host that drains is not lost when it leaves, since it may still be finishing what it holds.
        """
        self._on_lost.append(notify)

    def on_leaving(self, notify: Callable[[], None]) -> None:
        """Has a function called before a host gets no more work, whether it drains, is lost or breaks off."""
        self._on_leaving.append(notify)

    def on_listed(self, notify: Callable[[str], None]) -> None:
        """Has a function called with the name of each host that is listed."""
        self._on_listed.append(notify)

    def report(self, report: Report, stream: object) -> bool:
        """Applies a report and renews the lease; returns whether the host must send the facts of the digest.

        Args:
            report: The report.
            stream: Identifies the stream that carried it; `disconnect` takes the same value when that breaks.

        Raises:
            InvalidArgumentError: The name is none of a host.
            AbortedError: Another process reports under this name, and its lease holds.
        """
        names.check_host(report.name)
        listed = self._listings.get(report.name)
        if listed is not None and listed.instance_id != report.instance_id:
            if listed.host.state is HostState.READY:
                message = f"Another process is listed as {report.name}; give this host another `name`."
                raise Reason.HOST_REPLACED.error(message, field="name", name=report.name)
            self._forget(report.name)
            self._tell_lost(report.name)
            listed = None
        facts = self._facts(report, listed)
        if facts is None:
            return True
        if listed is not None:
            listed.expiry.cancel()
            if report.draining:
                self._tell_leaving()
        host = Host(
            name=report.name,
            address=facts.address,
            state=HostState.DRAINING if report.draining else HostState.READY,
            devices=report.devices,
            experts=facts.experts,
            statuses=report.statuses,
            version=facts.version,
            max_concurrent_calls=max(1, facts.max_concurrent_calls),
            worker_restart_count=report.worker_restart_count,
            profile=facts.profile,
            fetches_on_demand=facts.fetches_on_demand,
            task_types=facts.task_types,
            metrics_address=facts.metrics_address,
        )
        if listed is None:
            _log.info("%s at %s is listed, with %d experts", host.name, host.address, len(host.experts))
            for notify in self._on_listed:
                notify(host.name)
        expiry = asyncio.get_running_loop().call_later(self.lease_ms / 1000, self._expire, report.name)
        replicas = HostReplicas(host, listed.replicas if listed else None)
        version = self._version + 1
        self._list(_Listing(host, facts, replicas, report.instance_id, report.facts_digest, stream, version, expiry))
        return False

    def disconnect(self, name: str, stream: object) -> None:
        """Stops giving work to a host whose stream broke; its lease continues. A draining host is removed at once.

        A host that has reported by a newer stream since is left alone.
        """
        listing = self._listings.get(name)
        if listing is None or listing.stream is not stream:
            return
        if listing.host.state is HostState.DRAINING:
            self._forget(name)
            return
        _log.warning("%s is disconnected; it gets no new work", name)
        self._tell_leaving()
        disconnected = replace(listing.host, state=HostState.DISCONNECTED)
        self._metrics.show_host(disconnected, listing.host)
        listing.host, listing.version = disconnected, self._version + 1
        self._on_change()

    def hosts(self) -> tuple[Host, ...]:
        """Returns every listed host, by name. May be called on any thread."""
        return tuple(listing.host for _, listing in sorted(self._listings.items()))

    def host(self, name: str) -> Host | None:
        """Returns a host by name; None when it is not listed."""
        listing = self._listings.get(name)
        return listing.host if listing else None

    def replicas(self, task_type: str) -> Sequence[Replica]:
        """Returns the replicas that perform a task type, on hosts that take work.

        Those of a host are computed once a report, and only for task types that are selected for: a report costs
        nothing for the other hosts, nor for the other experts.
        """
        refused = self._definitions.refused
        return [
            replica
            for listing in self._ready()
            if not refused or task_type not in refused.get(listing.host.name, ())
            for replica in listing.replicas.of(task_type)
        ]

    def replica(self, host_name: str, expert_id: str) -> Replica | None:
        """Returns the replica of an expert on a host; None when one of them is not listed."""
        listing = self._listings.get(host_name)
        return listing.replicas.expert(expert_id) if listing else None

    def task_types(self) -> frozenset[str]:
        """Returns the names of the task types that some available expert performs."""
        if self._task_types is None:
            refused = self._definitions.refused
            self._task_types = frozenset().union(
                *(
                    listing.replicas.task_types() - refused.get(listing.host.name, frozenset())
                    for listing in self._ready()
                )
            )
        return self._task_types

    @property
    def version(self) -> int:
        """A number that grows with every change of a host, an expert or a status."""
        return self._version

    @property
    def definitions(self) -> Mapping[str, TaskType]:
        """Every task type that plans are checked against, by name: the server's own, and those that hosts reported."""
        return self._definitions.current

    def listed_task_types(self) -> tuple[ListedTaskType, ...]:
        """Returns every task type that an expert performs on a host that takes work, by name, with those experts."""
        names = {name for listing in self._ready() for expert in listing.host.experts for name in expert.task_types}
        defined = sorted(names & self.definitions.keys())
        by_type = {name: self.replicas(name) for name in defined}
        return tuple(
            _listed(self.definitions[name], replicas, self._definitions.reporters(name))
            for name, replicas in by_type.items()
            if replicas
        )

    def experts(self, task_type: str = "") -> tuple[ListedExpert, ...]:
        """Returns every expert once, by id, with the hosts that have it; of one task type where one is named."""
        by_id: dict[str, ListedExpert] = {}
        for host in self.hosts():
            statuses = {status.expert_id: status for status in host.statuses}
            for expert in host.experts:
                if task_type and task_type not in expert.task_types:
                    continue
                listed = by_id.get(expert.id, ListedExpert(expert))
                placement = ExpertPlacement(host.name, statuses[expert.id]) if expert.id in statuses else None
                by_id[expert.id] = replace(listed, placements=listed.placements + ((placement,) if placement else ()))
        return tuple(by_id[expert_id] for expert_id in sorted(by_id))

    def absent_experts(self) -> tuple[AbsentExpert, ...]:
        """Returns the experts that hosts which take work could have, each host's in the order that it prefers."""
        return tuple(absent for listing in self._ready() for absent in listing.facts.absent_experts)

    async def watch(self) -> AsyncGenerator[Host | str, None]:
        """Yields every host, then each as it changes, and the name of each that is removed."""
        seen: dict[str, int] = {}
        with self._metrics.registry_watchers.track_inprogress():
            while True:
                # Taken before reading the state, so that a change in between is not missed.
                changed = self._changed
                for name in [name for name in seen if name not in self._listings]:
                    del seen[name]
                    yield name
                for name, listing in sorted(self._listings.items()):
                    if seen.get(name) != listing.version:
                        seen[name] = listing.version
                        yield listing.host
                if self._closed.is_set():
                    raise stopping()
                await changed.wait()

    async def closed(self) -> None:
        """Waits until the registry takes no more reports, since the controller stops."""
        await self._closed.wait()

    async def recovered(self, hosts: Collection[str] = (), task_types: Collection[str] | None = None) -> None:
        """Waits until the hosts of an earlier process can be back: at most a lease's time after this one began.

        Args:
            hosts: The names of hosts that are waited for; none waits the lease's time, unless task types are enough.
            task_types: What hosts must perform for the wait to end sooner; None where only the hosts themselves count.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(max(loop.time(), self._grace_end)):
                while True:
                    changed = self._changed
                    ready = {listing.host.name for listing in self._ready()}
                    if (hosts and ready >= set(hosts)) or (
                        task_types is not None and self.task_types() >= set(task_types)
                    ):
                        return
                    await changed.wait()
        except TimeoutError:
            pass

    def expect(self, hosts: Collection[str]) -> None:
        """Takes the hosts that an earlier process listed: they have a lease's time from now on to come back."""
        self._expected = frozenset(hosts)
        self._grace_end = self._loop.time() + self.lease_ms / 1000

    @property
    def awaited(self) -> frozenset[str]:
        """The hosts that an earlier process listed, have not come back, and may still do so; empty after their time.

        May be read on any thread.
        """
        if not self._expected or self._loop.time() >= self._grace_end:
            return frozenset()
        return frozenset(name for name in self._expected if name not in self._listings)

    async def settled(
        self,
        task_types: Collection[str] | None = None,
        on_wait: Callable[[frozenset[str], float], None] = lambda hosts, wait_s: None,
    ) -> None:
        """Waits while hosts of an earlier process may come back, at most a lease's time after this one began.

        Args:
            task_types: What hosts must perform for the wait to end sooner; None waits for all of them.
            on_wait: Called once with the hosts that are waited for, and for how many seconds at most; not called where
                there is nothing to wait for.
        """
        begun = False
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(self._grace_end):
                while (awaited := self.awaited) and not (
                    task_types is not None and self.task_types() >= set(task_types)
                ):
                    if not begun:
                        begun = True
                        on_wait(awaited, self._grace_end - self._loop.time())
                    await self._changed.wait()

    def close(self) -> None:
        """Ends the leases' timers and the streams of hosts and watchers."""
        for listing in self._listings.values():
            listing.expiry.cancel()
        self._closed.set()
        self._on_change()
        for listing in self._listings.values():
            listing.expiry.cancel()

    def _facts(self, report: Report, listed: _Listing | None) -> HostFacts | None:
        """Returns the facts of a host: of the report, or of an earlier one with the same digest."""
        if report.facts is None:
            return listed.facts if listed and listed.facts_digest == report.facts_digest else None
        # Hosts with the same expert share one object, so that a choice scores it once.
        experts = tuple(
            same if (same := self._experts.get(expert.id)) == expert else expert for expert in report.facts.experts
        )
        self._experts.update({expert.id: expert for expert in experts})
        return replace(report.facts, experts=experts)

    def _ready(self) -> Iterator[_Listing]:
        return (listing for listing in self._listings.values() if listing.host.state is HostState.READY)

    def _list(self, listing: _Listing) -> None:
        before = self._listings.get(listing.host.name)
        self._metrics.show_host(listing.host, before.host if before else None)
        self._listings[listing.host.name] = listing
        self._definitions.report(listing.host.name, listing.host.task_types)
        self._on_change()

    def _expire(self, name: str) -> None:
        _log.warning("the lease of %s ended", name)
        self._metrics.leases_ended.labels(name).inc()
        self._tell_leaving()
        self._forget(name)
        self._tell_lost(name)

    def _tell_leaving(self) -> None:
        for notify in self._on_leaving:
            notify()

    def _tell_lost(self, name: str) -> None:
        for notify in self._on_lost:
            notify(name)

    def _forget(self, name: str) -> None:
        listing = self._listings.pop(name)
        listing.expiry.cancel()
        self._metrics.show_host(None, listing.host)
        self._definitions.forget(name)
        self._on_change()

    def _on_change(self) -> None:
        self._version += 1
        self._task_types = None
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


def stopping() -> OrchestrionError:
    """Returns the error for streams that end because the controller stops."""
    return Reason.SERVER_STOPPING.error("The controller is shutting down.", retry_after_ms=1_000)


def _listed(task_type: TaskType, replicas: Sequence[Replica], reporters: tuple[str, ...]) -> ListedTaskType:
    available = {replica.expert.id for replica in replicas if replica.is_available}
    if any(replica.status.state is ExpertState.LOADED for replica in replicas):
        state = TaskTypeState.READY
    else:
        state = TaskTypeState.OBTAINABLE if available else TaskTypeState.UNAVAILABLE
    experts = sorted(
        {replica.expert.id for replica in replicas}, key=lambda expert_id: (expert_id not in available, expert_id)
    )
    return ListedTaskType(task_type, state, tuple(experts), reporters)
