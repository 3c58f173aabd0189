"""Hosts by lease: a report lists a host for a while, a broken stream stops its work, a lease that ends forgets it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace

from orchestrion import names
from orchestrion.errors import Reason
from orchestrion.experts import (
    Device,
    Expert,
    ExpertPlacement,
    ExpertState,
    ExpertStatus,
    Host,
    HostFacts,
    HostState,
    ListedExpert,
)
from orchestrion_controller.metrics import ControllerMetrics

_log = logging.getLogger(__name__)


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


@dataclass(frozen=True, slots=True)
class Offer:
    """One expert on one host that takes work: what a selector chooses among."""

    host: Host
    expert: Expert
    status: ExpertStatus

    @property
    def obtainable(self) -> bool:
        """Whether the expert can be had there: it runs there, and its files are there or the host fetches them."""
        if self.status.state is ExpertState.TO_BE_FETCHED:
            return self.host.fetches_on_demand
        return self.status.state not in (ExpertState.UNAVAILABLE, ExpertState.UNSPECIFIED)


@dataclass(slots=True)
class _Listing:
    """A host, the process that reports for it, and the timer that ends its lease."""

    host: Host
    instance_id: str
    facts_digest: str
    stream: object
    version: int
    expiry: asyncio.TimerHandle


class Registry:
    """The hosts that this controller knows."""

    def __init__(self, lease_ms: int, metrics: ControllerMetrics) -> None:
        """Starts empty.

        Args:
            lease_ms: How long a host stays listed without a report, in milliseconds.
            metrics: Where hosts and their memory are shown.
        """
        self.lease_ms = lease_ms
        self._metrics = metrics
        self._listings: dict[str, _Listing] = {}
        self._version = 0
        self._offers: dict[str, tuple[Offer, ...]] | None = None
        self._task_types: frozenset[str] | None = None
        self._changed = asyncio.Event()

    def report(self, report: Report, stream: object) -> bool:
        """Takes a report in and prolongs the lease; returns whether the facts of its digest are wanted.

        Args:
            report: The report.
            stream: What it came by: `disconnect` is told the same when that breaks.

        Raises:
            InvalidArgumentError: The name is none of a host.
            AbortedError: Another process reports under this name, and its lease holds.
        """
        names.check_host(report.name)
        known = self._listings.get(report.name)
        if known is not None and known.instance_id != report.instance_id:
            if known.host.state is HostState.READY:
                message = f"Another process is listed as {report.name}; give this host another `name`."
                raise Reason.HOST_REPLACED.error(message, field="name", name=report.name)
            self._forget(report.name)
            known = None
        facts = report.facts or (_facts(known) if known and known.facts_digest == report.facts_digest else None)
        if facts is None:
            return True
        if known is not None:
            known.expiry.cancel()
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
        )
        if known is None:
            _log.info("%s at %s is listed, with %d experts", host.name, host.address, len(host.experts))
        expiry = asyncio.get_running_loop().call_later(self.lease_ms / 1000, self._expire, report.name)
        self._list(_Listing(host, report.instance_id, report.facts_digest, stream, self._version + 1, expiry))
        return False

    def disconnect(self, name: str, stream: object) -> None:
        """Stops giving work to a host whose stream broke; its lease goes on. One that was draining is forgotten.

        A host that has reported by a newer stream since is left alone.
        """
        known = self._listings.get(name)
        if known is None or known.stream is not stream:
            return
        if known.host.state is HostState.DRAINING:
            self._forget(name)
            return
        _log.warning("%s is disconnected; it gets no new work", name)
        known.host = replace(known.host, state=HostState.DISCONNECTED)
        known.version = self._version + 1
        self._list(known)

    def hosts(self) -> tuple[Host, ...]:
        """Returns every host known, by name."""
        return tuple(self._listings[name].host for name in sorted(self._listings))

    def host(self, name: str) -> Host | None:
        """Returns a host by name; None when it is not listed."""
        listing = self._listings.get(name)
        return listing.host if listing else None

    def offers(self, task_type: str) -> Sequence[Offer]:
        """Returns the experts that perform a task type on hosts that take work."""
        if self._offers is None:
            self._offers = _index(listing.host for listing in self._listings.values())
        return self._offers.get(task_type, ())

    def task_types(self) -> frozenset[str]:
        """Returns the names of the task types that some expert performs that can be had."""
        if self._task_types is None:
            self.offers("")
            found = (self._offers or {}).items()
            self._task_types = frozenset(name for name, offers in found if any(offer.obtainable for offer in offers))
        return self._task_types

    def experts(self, task_type: str = "") -> tuple[ListedExpert, ...]:
        """Returns every expert once, by id, with the hosts that have it; of one task type where that is given."""
        found: dict[str, ListedExpert] = {}
        for host in self.hosts():
            statuses = {status.expert_id: status for status in host.statuses}
            for expert in host.experts:
                if task_type and task_type not in expert.task_types:
                    continue
                listed = found.get(expert.id, ListedExpert(expert))
                placement = ExpertPlacement(host.name, statuses[expert.id]) if expert.id in statuses else None
                found[expert.id] = replace(listed, placements=listed.placements + ((placement,) if placement else ()))
        return tuple(found[expert_id] for expert_id in sorted(found))

    async def watch(self) -> AsyncIterator[Host | str]:
        """Yields every host, then each as it changes, and the name of each that is gone."""
        seen: dict[str, int] = {}
        while True:
            # Taken before looking, so that a change in between is not missed.
            changed = self._changed
            for name in [name for name in seen if name not in self._listings]:
                del seen[name]
                yield name
            for name, listing in sorted(self._listings.items()):
                if seen.get(name) != listing.version:
                    seen[name] = listing.version
                    yield listing.host
            await changed.wait()

    def close(self) -> None:
        """Cancels the leases' timers."""
        for listing in self._listings.values():
            listing.expiry.cancel()

    def _list(self, listing: _Listing) -> None:
        self._listings[listing.host.name] = listing
        self._on_change()

    def _expire(self, name: str) -> None:
        _log.warning("the lease of %s ended", name)
        self._forget(name)

    def _forget(self, name: str) -> None:
        self._listings.pop(name).expiry.cancel()
        self._on_change()

    def _on_change(self) -> None:
        self._version += 1
        self._offers = self._task_types = None
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
        self._metrics.show_hosts(listing.host for listing in self._listings.values())


def _facts(listing: _Listing) -> HostFacts:
    host = listing.host
    return HostFacts(
        host.address, host.version, host.max_concurrent_calls, host.experts, host.profile, host.fetches_on_demand
    )


def _index(hosts: Iterable[Host]) -> dict[str, tuple[Offer, ...]]:
    found: dict[str, list[Offer]] = {}
    for host in hosts:
        if host.state is not HostState.READY:
            continue
        experts = {expert.id: expert for expert in host.experts}
        for status in host.statuses:
            expert = experts.get(status.expert_id)
            for task_type in expert.task_types if expert else ():
                found.setdefault(task_type, []).append(Offer(host, experts[status.expert_id], status))
    return {task_type: tuple(offers) for task_type, offers in found.items()}
