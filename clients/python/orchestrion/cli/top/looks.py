"""One look at the platform: what the registry says of hosts and experts, and what metrics add to it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from orchestrion.cli.top.exposition import Exposition, increases
from orchestrion.cli.top.scraping import Scrape
from orchestrion.experts import ExpertState, Host

_CONTROLLER: Final = "orchestrion_controller_"
_HOST: Final = "orchestrion_host_"


@dataclass(frozen=True, slots=True)
class DeviceLook:
    """A device of a host; None for what is not measured there."""

    name: str
    total_bytes: int
    free_bytes: int
    reserved_bytes: float | None = None
    utilization_ratio: float | None = None
    temperature_celsius: float | None = None
    power_watts: float | None = None


@dataclass(frozen=True, slots=True)
class ExpertLook:
    """An expert that is loaded, loads or has calls, on one host; rates are None until there are two looks."""

    expert: str
    host: str
    state: str
    memory_bytes: int
    running_count: int
    queued_count: int
    latency_ms: float
    calls_per_second: float | None = None
    tokens_per_second: float | None = None


@dataclass(frozen=True, slots=True)
class HostLook:
    """A host."""

    name: str
    state: str
    devices: tuple[DeviceLook, ...]
    running_count: int
    queued_count: int
    worker_restart_count: int
    calls_per_second: float | None = None
    errors_per_second: float | None = None
    tokens_per_second: float | None = None


@dataclass(frozen=True, slots=True)
class RunsLook:
    """The runs of the controller, and its language model."""

    running_count: float | None = None
    awaiting_approval_count: float | None = None
    runs_per_second: float | None = None
    failed_per_second: float | None = None
    llm_tokens_per_second: float | None = None


@dataclass(frozen=True, slots=True)
class PlatformLook:
    """All of it at one moment."""

    runs: RunsLook
    hosts: tuple[HostLook, ...]
    experts: tuple[ExpertLook, ...]
    problems: tuple[str, ...] = field(default=())
    """Which servers did not answer, and why."""


class _Growth:
    """What the servers counted between two looks, by what they are."""

    def __init__(self, before: Iterable[Scrape], now: Iterable[Scrape]) -> None:
        earlier = {scrape.url: scrape for scrape in before if not scrape.problem}
        self._by_url: dict[str, tuple[Exposition, float]] = {}
        for scrape in now:
            old = earlier.get(scrape.url)
            if old is not None and not scrape.problem and scrape.moment_s > old.moment_s:
                grown = increases(old.exposition, scrape.exposition)
                self._by_url[scrape.url] = grown, scrape.moment_s - old.moment_s

    def rate(self, scrape: Scrape | None, name: str, **labels: str) -> float | None:
        """Returns how fast a counter grows, per second; None where there are no two looks at it."""
        grown = self._by_url.get(scrape.url) if scrape is not None else None
        return None if grown is None else (grown[0].total(name, **labels) or 0.0) / grown[1]


def taken(
    hosts: Sequence[Host], before: Sequence[Scrape], now: Sequence[Scrape], problems: Sequence[str]
) -> PlatformLook:
    """Puts a look together.

    Args:
        hosts: The hosts that the controller lists.
        before: The scrapes of the look before; empty for the first.
        now: The scrapes of this one.
        problems: What else does not answer.
    """
    growth = _Growth(before, now)
    by_host = {scrape.host: scrape for scrape in now if scrape.host}
    names = [host.name.removeprefix("hosts/") for host in hosts]
    # A host that nobody lists may still tell of itself, where its address was given.
    unlisted = {
        scrape.host or _address(scrape.url): scrape
        for scrape in now
        if scrape.exposition.has(_HOST) and scrape.host not in names
    }
    looks = [_host(host, by_host.get(name), growth) for name, host in zip(names, hosts, strict=True)]
    looks += [_unlisted(name, scrape, growth) for name, scrape in unlisted.items()]
    experts = [look for host in hosts for look in _experts(host, by_host, growth)]
    experts.sort(key=lambda look: (-look.running_count - look.queued_count, -(look.calls_per_second or 0), look.expert))
    silent = [f"{scrape.host or 'metrics'} at {scrape.url}: {scrape.problem}" for scrape in now if scrape.problem]
    return PlatformLook(_runs(now, growth), tuple(looks), tuple(experts), (*problems, *silent))


def _runs(now: Iterable[Scrape], growth: _Growth) -> RunsLook:
    scrape = next((scrape for scrape in now if scrape.exposition.has(_CONTROLLER)), None)
    if scrape is None:
        return RunsLook()
    said = scrape.exposition
    return RunsLook(
        said.total(f"{_CONTROLLER}runs_running"),
        said.total(f"{_CONTROLLER}runs_awaiting_approval"),
        growth.rate(scrape, f"{_CONTROLLER}runs_total"),
        growth.rate(scrape, f"{_CONTROLLER}runs_total", state="failed"),
        growth.rate(scrape, f"{_CONTROLLER}llm_tokens_total"),
    )


def _host(host: Host, scrape: Scrape | None, growth: _Growth) -> HostLook:
    said = scrape.exposition if scrape is not None else Exposition()
    return HostLook(
        host.name.removeprefix("hosts/"),
        host.state.name.lower(),
        tuple(_device(said, device.name, device.total_bytes, device.free_bytes) for device in host.devices),
        sum(status.running_count for status in host.statuses),
        sum(status.queued_count for status in host.statuses),
        host.worker_restart_count,
        *_rates(scrape, growth),
    )


def _unlisted(name: str, scrape: Scrape, growth: _Growth) -> HostLook:
    said = scrape.exposition
    used = said.by(f"{_HOST}memory_used_bytes", "device")
    return HostLook(
        name,
        "unlisted",
        tuple(
            _device(said, device, int(total), int(total - used.get(device, 0)))
            for device, total in said.by(f"{_HOST}memory_total_bytes", "device").items()
        ),
        int(said.total(f"{_HOST}running") or 0),
        int(said.total(f"{_HOST}queued") or 0),
        int(said.total(f"{_HOST}worker_restarts_total") or 0),
        *_rates(scrape, growth),
    )


def _rates(scrape: Scrape | None, growth: _Growth) -> tuple[float | None, float | None, float | None]:
    return (
        growth.rate(scrape, f"{_HOST}inferences_total"),
        growth.rate(scrape, f"{_HOST}inference_errors_total"),
        growth.rate(scrape, f"{_HOST}generated_tokens_total"),
    )


def _device(said: Exposition, name: str, total_bytes: int, free_bytes: int) -> DeviceLook:
    return DeviceLook(
        name,
        total_bytes,
        free_bytes,
        said.total(f"{_HOST}memory_reserved_bytes", device=name),
        said.total(f"{_HOST}device_utilization_ratio", device=name),
        said.total(f"{_HOST}device_temperature_celsius", device=name),
        said.total(f"{_HOST}device_power_watts", device=name),
    )


def _experts(host: Host, by_host: Mapping[str, Scrape], growth: _Growth) -> Iterable[ExpertLook]:
    name = host.name.removeprefix("hosts/")
    scrape = by_host.get(name)
    for status in host.statuses:
        if status.state in (ExpertState.LOADED, ExpertState.LOADING) or status.queued_count or status.running_count:
            yield ExpertLook(
                status.expert_id,
                name,
                status.state.name.lower(),
                status.memory_bytes,
                status.running_count,
                status.queued_count,
                status.latency_ms,
                growth.rate(scrape, f"{_HOST}inferences_total", expert=status.expert_id),
                growth.rate(scrape, f"{_HOST}generated_tokens_total", expert=status.expert_id),
            )


def _address(url: str) -> str:
    return url.partition("://")[2].partition("/")[0]
