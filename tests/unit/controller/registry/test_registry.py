"""Hosts by lease: reports, digests, streams that break, and leases that end when the loop's clock says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from orchestrion.errors import AbortedError, InvalidArgumentError
from orchestrion.experts import ExpertState, Host, HostState
from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_controller.registry.registry import Registry
from tests.unit.controller.conftest import Clock
from tests.unit.controller.replicas import GIB, TYPE, device, expert, report, status

LEASE_S = 10.0


@pytest.fixture
async def registry(metrics: ControllerMetrics) -> AsyncIterator[Registry]:
    registry = Registry(int(LEASE_S * 1000), metrics)
    yield registry
    registry.close()


def names(registry: Registry) -> list[str]:
    return [host.name for host in registry.hosts()]


def offered(registry: Registry, task_type: str = TYPE) -> list[tuple[str, str]]:
    return [(replica.host.name, replica.expert.id) for replica in registry.replicas(task_type)]


async def test_a_report_lists_a_host_with_what_it_says(registry: Registry) -> None:
    loading = status(state=ExpertState.LOADING, queued_count=3)
    assert registry.report(report("hosts/a", statuses=(loading,), devices=(device(5, 4),)), "stream") is False
    assert registry.hosts() == (registry.host("hosts/a"),)
    assert registry.host("hosts/a") == Host(
        name="hosts/a",
        address="127.0.0.1:1",
        state=HostState.READY,
        devices=(device(5, 4),),
        experts=(expert(),),
        statuses=(loading,),
        version="1.0",
        max_concurrent_calls=4,
    )
    assert registry.host("hosts/b") is None


@pytest.mark.parametrize("name", ["", "a", "runs/a", "hosts/", "hosts/a b"])
async def test_a_name_that_is_none(registry: Registry, name: str) -> None:
    with pytest.raises(InvalidArgumentError):
        registry.report(report(name), None)
    assert registry.hosts() == ()


async def test_facts_are_asked_for_once_per_digest(registry: Registry) -> None:
    assert registry.report(report("hosts/a", facts=False), None) is True
    assert registry.hosts() == ()
    assert registry.report(report("hosts/a", expert("ocr")), None) is False
    assert registry.report(report("hosts/a", facts=False, statuses=()), None) is False
    assert registry.hosts()[0].experts == (expert("ocr"),)
    assert registry.hosts()[0].statuses == ()


async def test_another_digest_needs_other_facts(registry: Registry) -> None:
    registry.report(report("hosts/a", expert("old")), None)
    assert registry.report(report("hosts/a", facts=False, digest="new"), None) is True
    assert offered(registry) == [("hosts/a", "old")]
    assert registry.report(report("hosts/a", expert("new"), digest="new"), None) is False
    assert offered(registry) == [("hosts/a", "new")]
    assert registry.report(report("hosts/a", facts=False), None) is True


async def test_a_lease_ends_when_no_report_comes(registry: Registry, clock: Clock) -> None:
    registry.report(report("hosts/a"), None)
    await clock.advance(LEASE_S * 0.9)
    registry.report(report("hosts/b"), None)
    assert names(registry) == ["hosts/a", "hosts/b"]
    await clock.advance(LEASE_S * 0.2)
    assert names(registry) == ["hosts/b"]
    assert offered(registry) == [("hosts/b", "ocr")]
    await clock.advance(LEASE_S)
    assert names(registry) == []
    assert registry.task_types() == frozenset()


async def test_every_report_prolongs_the_lease(registry: Registry, clock: Clock) -> None:
    for _ in range(10):
        registry.report(report("hosts/a"), None)
        await clock.advance(LEASE_S * 0.9)
        assert names(registry) == ["hosts/a"]
    await clock.advance(LEASE_S * 0.2)
    assert names(registry) == []
    assert registry.report(report("hosts/a"), None) is False
    assert names(registry) == ["hosts/a"]


async def test_a_broken_stream_stops_work_but_not_the_lease(registry: Registry, clock: Clock) -> None:
    registry.report(report("hosts/a"), "stream")
    registry.disconnect("hosts/a", "stream")
    (host,) = registry.hosts()
    assert host.state is HostState.DISCONNECTED
    assert offered(registry) == []
    await clock.advance(LEASE_S * 0.9)
    assert names(registry) == ["hosts/a"]
    registry.report(report("hosts/a", facts=False), "newer stream")
    assert registry.hosts()[0].state is HostState.READY
    assert offered(registry) == [("hosts/a", "ocr")]
    registry.disconnect("hosts/a", "newer stream")
    await clock.advance(LEASE_S * 1.1)
    assert names(registry) == []


async def test_the_end_of_an_older_stream_says_nothing(registry: Registry) -> None:
    registry.report(report("hosts/a"), "stream")
    registry.report(report("hosts/a"), "newer stream")
    registry.disconnect("hosts/a", "stream")
    registry.disconnect("hosts/none", "stream")
    assert registry.hosts()[0].state is HostState.READY


async def test_a_host_that_drains_gets_no_work_and_is_forgotten_when_it_leaves(registry: Registry) -> None:
    registry.report(report("hosts/a"), "stream")
    registry.report(report("hosts/a", draining=True), "stream")
    assert registry.hosts()[0].state is HostState.DRAINING
    assert offered(registry) == []
    registry.disconnect("hosts/a", "stream")
    assert registry.hosts() == ()


async def test_a_name_belongs_to_one_process(registry: Registry) -> None:
    registry.report(report("hosts/a", instance="first"), "one")
    with pytest.raises(AbortedError, match="give this host another `name`") as caught:
        registry.report(report("hosts/a", expert("other"), instance="second"), "two")
    assert (caught.value.reason, caught.value.field) == ("HOST_REPLACED", "name")
    assert offered(registry) == [("hosts/a", "ocr")]


@pytest.mark.parametrize("draining", [False, True])
async def test_a_process_that_is_gone_gives_its_name_free(registry: Registry, draining: bool, clock: Clock) -> None:
    registry.report(report("hosts/a", instance="first", draining=draining), "one")
    if not draining:
        registry.disconnect("hosts/a", "one")
    # Its facts are its own: those of the process before it do not count, even under the same digest.
    assert registry.report(report("hosts/a", instance="second", facts=False), "two") is True
    assert registry.hosts() == ()
    assert registry.report(report("hosts/a", expert("other"), instance="second"), "two") is False
    registry.disconnect("hosts/a", "one")
    assert offered(registry) == [("hosts/a", "other")]
    await clock.advance(LEASE_S * 0.9)
    assert names(registry) == ["hosts/a"]


async def test_experts_are_offered_by_task_type(registry: Registry) -> None:
    both = expert("both", task_types=(TYPE, "text-to-speech"))
    registry.report(report("hosts/a", both, expert("ocr")), None)
    registry.report(report("hosts/b", expert("ocr"), statuses=()), None)
    assert sorted(offered(registry)) == [("hosts/a", "both"), ("hosts/a", "ocr")]
    assert offered(registry, "text-to-speech") == [("hosts/a", "both")]
    assert offered(registry, "text-to-video") == []
    assert registry.task_types() == {TYPE, "text-to-speech"}


async def test_a_status_without_an_expert_is_passed_over(registry: Registry) -> None:
    registry.report(report("hosts/a", expert("ocr"), statuses=(status("ghost"), status("ocr"))), None)
    assert offered(registry) == [("hosts/a", "ocr")]


async def test_experts_are_listed_once_with_every_host(registry: Registry) -> None:
    registry.report(report("hosts/b", expert("ocr"), expert("a", task_types=("text-to-speech",))), None)
    registry.report(report("hosts/a", expert("ocr"), statuses=(status(state=ExpertState.LOADABLE),)), "stream")
    registry.disconnect("hosts/a", "stream")
    first, second = registry.experts()
    assert (first.expert.id, second.expert.id) == ("a", "ocr")
    assert [(placement.host, placement.status.state) for placement in second.placements] == [
        ("hosts/a", ExpertState.LOADABLE),
        ("hosts/b", ExpertState.LOADED),
    ]
    assert [listed.expert.id for listed in registry.experts("text-to-speech")] == ["a"]
    assert registry.experts("text-to-video") == ()


async def test_watching(registry: Registry, clock: Clock) -> None:
    registry.report(report("hosts/b"), None)
    registry.report(report("hosts/a"), "stream")
    changes = registry.watch()

    async def following() -> Host | str:
        return await anext(changes)

    assert await following() == registry.host("hosts/a")
    assert await following() == registry.host("hosts/b")
    waiting = asyncio.ensure_future(following())
    await asyncio.sleep(0)
    assert not waiting.done()
    registry.disconnect("hosts/a", "stream")
    changed = await waiting
    assert isinstance(changed, Host)
    assert (changed.name, changed.state) == ("hosts/a", HostState.DISCONNECTED)
    await clock.advance(LEASE_S * 0.5)
    registry.report(report("hosts/c"), None)
    assert await following() == registry.host("hosts/c")
    await clock.advance(LEASE_S * 0.6)
    assert sorted([str(await following()), str(await following())]) == ["hosts/a", "hosts/b"]
    assert names(registry) == ["hosts/c"]


async def test_a_slow_watcher_sees_the_newest_only(registry: Registry) -> None:
    changes = registry.watch()
    registry.report(report("hosts/a"), None)
    assert await anext(changes) == registry.host("hosts/a")
    for queued in range(5):
        registry.report(report("hosts/a", statuses=(status(queued_count=queued),)), None)
    assert await anext(changes) == registry.host("hosts/a")
    waiting = asyncio.ensure_future(_next(changes))
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()


async def _next(changes: AsyncIterator[Host | str]) -> Host | str:
    return await anext(changes)


async def test_a_host_that_was_gone_for_a_moment_is_seen_again(registry: Registry) -> None:
    changes = registry.watch()
    registry.report(report("hosts/a", draining=True), "stream")
    await anext(changes)
    registry.disconnect("hosts/a", "stream")
    registry.report(report("hosts/a", expert("new")), "newer stream")
    changed = await anext(changes)
    assert isinstance(changed, Host)
    assert changed.experts == (expert("new"),)


async def test_metrics_show_the_hosts_of_now(registry: Registry, metrics: ControllerMetrics) -> None:
    def value(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(f"orchestrion_controller_{name}", labels)

    registry.report(report("hosts/a", devices=(device(8 * GIB, 2 * GIB),)), "stream")
    registry.report(report("hosts/b", draining=True), "other")
    assert (value("hosts", state="ready"), value("hosts", state="draining")) == (1.0, 1.0)
    assert value("host_memory_bytes", host="hosts/a", device="cpu", what="total") == 8 * GIB
    assert value("host_memory_bytes", host="hosts/a", device="cpu", what="free") == 2 * GIB
    registry.disconnect("hosts/a", "stream")
    registry.disconnect("hosts/b", "other")
    assert (value("hosts", state="ready"), value("hosts", state="disconnected")) == (0.0, 1.0)
    assert value("host_memory_bytes", host="hosts/b", device="cpu", what="total") is None


async def test_close_leaves_no_timer(registry: Registry, clock: Clock) -> None:
    registry.report(report("hosts/a"), None)
    registry.close()
    await clock.advance(LEASE_S * 2)
    assert names(registry) == ["hosts/a"]
