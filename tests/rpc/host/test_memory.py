"""Memory on a real host: what experts take is measured, some give way to others, and reservations are respected.

The experts here hold a ballast of 40 MB each in place of weights.
"""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Any

import pytest

from orchestrion.errors import FailedPreconditionError, InvalidArgumentError, ResourceExhaustedError
from orchestrion.experts import ExpertState
from orchestrion.inference import InferOutputs
from orchestrion.v1 import model_host_service_pb2 as messages
from tests.rpc.host.delays import MB, catalogue, loaded, three
from tests.rpc.host.hosts import RunningHost, memory_of, running_host, status_in


async def free_bytes(host: RunningHost) -> int:
    return next(device.free_bytes for device in (await host.client.host()).devices if device.name == "cpu")


async def test_what_an_expert_takes_is_measured_and_given_back(tmp_path: Path) -> None:
    async with three(tmp_path) as host:
        status = await host.client.load("a")
        assert 40 * MB <= status.memory_bytes < 45 * MB
        assert await free_bytes(host) == 100 * MB - status.memory_bytes
        measured = await host.metric("orchestrion_host_expert_memory_bytes", expert="a", device="cpu")
        assert measured == status.memory_bytes
        await host.client.unload("a")
        assert await free_bytes(host) == 100 * MB
        # The last expert took its worker along, and with it all of its memory.
        assert not host.host.workers


async def until_running(host: RunningHost, expert: str) -> None:
    while not await host.metric("orchestrion_host_running", expert=expert):  # noqa: ASYNC110  # Nobody is told.
        await asyncio.sleep(0.01)


async def test_a_caller_that_leaves_during_an_unload_loses_no_memory(tmp_path: Path) -> None:
    async with three(tmp_path) as host:
        await host.client.load("a")
        computing = asyncio.create_task(host.client.infer("a", text="one", delay_ms=300))
        await until_running(host, "a")
        unloading = asyncio.create_task(host.client.unload("a"))
        async with asyncio.timeout(10):
            while await loaded(host):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            unloading.cancel()
            assert (await computing).outputs == {"text": "one"}
            while await free_bytes(host) != 100 * MB:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert (await host.client.infer("a", text="two")).outputs == {"text": "two"}
        await host.client.unload("a")
        assert await free_bytes(host) == 100 * MB
        assert await host.metric("orchestrion_host_worker_restarts_total") == 0


async def test_a_call_that_waits_while_its_expert_is_unloaded_is_told(tmp_path: Path) -> None:
    async with three(tmp_path) as host:
        await host.client.load("a")
        computing = asyncio.create_task(host.client.infer("a", text="one", delay_ms=300))
        await until_running(host, "a")
        waiting = asyncio.create_task(host.client.infer("a", text="two"))
        while not await host.metric("orchestrion_host_queued", expert="a"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await host.client.unload("a")
        with pytest.raises(FailedPreconditionError) as caught:
            await waiting
        assert caught.value.reason == "EXPERT_NOT_LOADED"
        assert (await computing).outputs == {"text": "one"}


async def test_others_are_loaded_while_an_unload_waits_for_a_call_which_can_be_cancelled(tmp_path: Path) -> None:
    async with three(tmp_path) as host:
        await host.client.load("a")
        computing = asyncio.create_task(host.client.infer("a", text="one", delay_ms=60_000))
        await until_running(host, "a")
        unloads = [asyncio.create_task(host.client.unload("a")) for _ in range(2)]
        assert (await host.client.infer("b", text="two")).outputs == {"text": "two"}
        again = asyncio.create_task(host.client.infer("a", text="three"))
        computing.cancel()
        await asyncio.gather(*unloads)
        assert (await again).outputs == {"text": "three"}
        assert await host.metric("orchestrion_host_worker_restarts_total") == 0


async def test_the_least_recently_used_expert_gives_way(tmp_path: Path) -> None:
    async with three(tmp_path) as host:
        for name in ("a", "b", "a", "c"):
            assert (await host.client.infer(name, text=name)).outputs == {"text": name}
        assert await loaded(host) == {"a", "c"}
        assert await host.metric("orchestrion_host_evictions_total", expert="b") == 1


@pytest.mark.tasks
async def test_three_experts_share_the_room_of_two(tmp_path: Path) -> None:
    async with three(tmp_path) as host:
        for number in range(200):
            name = "abc"[number % 3]
            assert (await host.client.infer(name, text=str(number))).outputs == {"text": str(number)}
        counts = {
            kind: sum([await host.metric(f"orchestrion_host_{kind}_total", expert=name) for name in "abc"])
            for kind in ("loads", "evictions")
        }
        # Whoever is asked for next is the one that went longest ago: every call but the first two evicts.
        assert counts == {"loads": 200, "evictions": 198}
        assert len(await loaded(host)) == 2


async def test_an_expert_with_a_hard_reservation_stays_whatever_the_others_need(tmp_path: Path) -> None:
    async with three(tmp_path) as host:
        await host.client.reserve("mine", "a", hard=True)
        await host.client.load("a")
        for number in range(10):
            await asyncio.gather(*(host.client.infer(name, text=str(number)) for name in "bc"))
        assert await host.metric("orchestrion_host_evictions_total", expert="a") == 0
        assert await host.metric("orchestrion_host_loads_total", expert="a", outcome="loaded") == 1
        evictions = [await host.metric("orchestrion_host_evictions_total", expert=name) for name in "bc"]
        assert sum(evictions) >= 10


async def test_what_calls_take_beyond_the_weights_counts(tmp_path: Path) -> None:
    peak = {"options": {"ballast_bytes": 20 * MB, "peak_bytes": 30 * MB}}
    folder = catalogue(tmp_path / "catalogue", {"a": {}, "p": peak})
    async with running_host(tmp_path / "home", catalogue_paths=(folder,), memory_budget_bytes=200 * MB) as host:
        # The kernel counts pages of a process to within a few hundred kilobytes.
        assert 49 * MB <= (await host.client.load("p")).memory_bytes < 55 * MB


async def test_the_calls_of_one_expert_are_not_charged_to_another_that_loads(tmp_path: Path) -> None:
    busy = {"options": {"ballast_bytes": 1 * MB, "peak_bytes": 60 * MB}, "memory_bytes": 70 * MB, "instances": 2}
    folder = catalogue(
        tmp_path / "catalogue", {"a": {"options": {"ballast_bytes": 40 * MB, "load_ms": 300}}, "p": busy}
    )
    async with running_host(tmp_path / "home", catalogue_paths=(folder,), memory_budget_bytes=400 * MB) as host:
        await host.client.load("p")
        loading = asyncio.create_task(host.client.load("a"))
        await host.when("a", lambda status: status.state is ExpertState.LOADING)
        await host.client.infer("p", text="x", delay_ms=2000)
        # Neither hidden by what the calls gave back, nor blown up by what they took.
        assert 40 * MB <= (await loading).memory_bytes < 50 * MB


async def test_loads_at_the_same_time_measure_their_own(tmp_path: Path) -> None:
    sizes = {"a": 20, "b": 60, "c": 35}
    experts: dict[str, Any] = {name: {"options": {"ballast_bytes": size * MB}} for name, size in sizes.items()}
    experts["c"]["isolation"] = "own"
    folder = catalogue(tmp_path / "catalogue", experts)
    async with running_host(tmp_path / "home", catalogue_paths=(folder,), memory_budget_bytes=300 * MB) as host:
        statuses = await asyncio.gather(*(host.client.load(name) for name in sizes))
        for status in statuses:
            size = sizes[status.expert_id] * MB
            assert size <= status.memory_bytes < size + 5 * MB


async def test_a_worker_is_charged_for_itself_until_it_ends(tmp_path: Path) -> None:
    folder = catalogue(tmp_path / "catalogue", {"a": {}, "b": {}})
    async with running_host(tmp_path / "home", catalogue_paths=(folder,)) as host:
        own = "orchestrion_host_worker_memory_bytes"
        assert await host.metric(own, worker="engine@cpu") == 0
        a, b = await host.client.load("a"), await host.client.load("b")
        share = await host.metric(own, worker="engine@cpu")
        # The interpreter and what it imported, once for both.
        assert 10 * MB < share < 200 * MB
        used = await host.metric("orchestrion_host_memory_used_bytes", device="cpu")
        assert used >= share + a.memory_bytes + b.memory_bytes
        for name in ("a", "b"):
            await host.client.unload(name)
        assert await host.metric(own, worker="engine@cpu") == 0
        await host.client.load("a")
        host.signal_worker("engine@cpu", signal.SIGKILL)
        await host.until("a", lambda status: status.state is ExpertState.LOADABLE)
        assert await host.metric(own, worker="engine@cpu") == 0


async def test_reports_tell_bytes_and_states_as_they_change(tmp_path: Path) -> None:
    folder = catalogue(tmp_path / "catalogue", {"a": {"memory_bytes": 30 * MB}, "b": {}})
    async with running_host(tmp_path / "home", catalogue_paths=(folder,), memory_budget_bytes=100 * MB) as host:
        registry = host.controller.registry
        before = await registry.wait(lambda report: bool(report.devices))
        assert [(device.total_bytes, device.free_bytes) for device in before.devices] == [(100 * MB, 100 * MB)]
        status = await host.client.load("a")
        await host.until("a", lambda status: status.state is ExpertState.LOADED)
        after = registry.reports[-1]
        assert after.devices[0].free_bytes == 100 * MB - status.memory_bytes
        reported = [status_in(report, "a") for report in registry.reports]
        assert {item.state for item in reported} == {ExpertState.LOADABLE, ExpertState.LOADING, ExpertState.LOADED}
        assert {item.memory_bytes for item in reported if item.state is ExpertState.LOADED} == {status.memory_bytes}
        # What was measured takes the place of the estimate in the facts.
        facts = registry.facts[after.facts_digest]
        measured = {expert.id: expert.memory_bytes for expert in facts.experts}
        assert (measured["a"], measured["b"]) == (status.memory_bytes, 40 * MB)
        # A second load finds about the same, which is no reason to send all facts again.
        await host.client.load("b")
        again = await registry.wait(lambda report: status_in(report, "b").state is ExpertState.LOADED)
        assert again.facts_digest == after.facts_digest
        await host.client.unload("b")
        await host.client.unload("a")
        gone = await registry.wait(lambda report: report.devices[0].free_bytes == 100 * MB)
        assert status_in(gone, "a").state is ExpertState.LOADABLE


async def test_what_was_measured_is_known_before_the_first_load_of_the_next_host(tmp_path: Path) -> None:
    liar = {"memory_bytes": 1 * MB, "options": {"ballast_bytes": 70 * MB}}
    folder = catalogue(tmp_path / "catalogue", {"a": {}, "z": liar})
    settings: dict[str, Any] = {"catalogue_paths": (folder,), "memory_budget_bytes": 100 * MB}
    async with running_host(tmp_path / "home", **settings) as host:
        await host.client.infer("z", text="x", delay_ms=50)
        first = await host.client.status("z")
    async with running_host(tmp_path / "home", **settings) as host:
        listed = await host.client.status("z")
        assert (listed.state, listed.memory_bytes) == (ExpertState.LOADABLE, 0)
        assert listed.latency_ms == pytest.approx(first.latency_ms, abs=0.01)
        expert = next(expert for expert in (await host.client.host()).experts if expert.id == "z")
        assert expert.memory_bytes == first.memory_bytes
        # Its estimate would have let it in beside the other, and the host beyond its budget.
        await host.client.load("a")
        await host.client.load("z")
        assert await loaded(host) == {"z"}


async def test_hard_reservations_hold_and_the_loser_learns_why(tmp_path: Path) -> None:
    async with three(tmp_path) as host:
        for name in ("a", "b"):
            await host.client.reserve(f"of-{name}", name, hard=True)
            await host.client.load(name)
        with pytest.raises(ResourceExhaustedError) as caught:
            await host.client.reserve("of-c", "c", hard=True, timeout=0.5)
        assert (caught.value.reason, caught.value.metadata["expert"]) == ("OUT_OF_MEMORY", "c")
        assert await loaded(host) == {"a", "b"}
        with pytest.raises(FailedPreconditionError) as refused:
            await host.client.unload("a")
        assert refused.value.reason == "EXPERT_RESERVED"
        # Nothing of the reservation that failed is left.
        assert (await host.client.status("c")).reservation_count == 0


async def test_a_hard_reservation_waits_until_another_is_released(tmp_path: Path) -> None:
    async with three(tmp_path) as host:
        for name in ("a", "b"):
            await host.client.reserve(f"of-{name}", name, hard=True)
            await host.client.load(name)
        waiting = asyncio.create_task(host.client.reserve("of-c", "c", hard=True))
        await host.when("c", lambda status: status.state is ExpertState.LOADING)
        await host.client.call(host.client.stub.Release, messages.ReleaseRequest(reservation="of-a"))
        assert (await waiting).hard
        await host.client.load("c")
        assert await loaded(host) == {"b", "c"}


async def test_soft_reservations_load_ahead_but_displace_nobody_who_is_reserved(tmp_path: Path) -> None:
    async with three(tmp_path) as host:
        for name in ("a", "b"):
            state = (await host.client.reserve(f"of-{name}", name)).state
            assert state == ExpertState.LOADING
            await host.when(name, lambda status: status.state is ExpertState.LOADED)
        assert (await host.client.reserve("of-c", "c")).state == ExpertState.LOADABLE
        # Whoever calls it goes before soft reservations all the same.
        assert (await host.client.infer("c", text="now")).outputs == {"text": "now"}
        assert await loaded(host) == {"b", "c"}


async def test_a_call_makes_its_reservation_hard_and_ends_it(tmp_path: Path) -> None:
    async with three(tmp_path) as host:
        await host.client.reserve("mine", "a", ttl_ms=60_000)
        again = await host.client.reserve("mine", "a", hard=True, ttl_ms=30_000)
        assert (again.hard, again.ttl_ms) == (True, 30_000)
        assert (await host.client.status("a")).reservation_count == 1
        async for _ in host.client.events("a", {"text": "x"}, reservation="mine"):
            pass
        assert (await host.client.status("a")).reservation_count == 0
        await host.client.reserve("theirs", "b")
        with pytest.raises(InvalidArgumentError) as caught:
            async for _ in host.client.events("a", {"text": "x"}, reservation="theirs"):
                pass
        assert caught.value.field == "reservation"


async def test_a_reservation_ends_by_itself(tmp_path: Path) -> None:
    async with three(tmp_path) as host:
        await host.client.reserve("short", "a", ttl_ms=100, hard=True)
        await host.until("a", lambda status: status.reservation_count == 1)
        await host.until("a", lambda status: status.reservation_count == 0)


async def test_an_expert_that_fits_nowhere_displaces_nobody(tmp_path: Path) -> None:
    folder = catalogue(tmp_path / "catalogue", {"a": {}, "z": {"memory_bytes": 500 * MB}})
    async with running_host(tmp_path / "home", catalogue_paths=(folder,), memory_budget_bytes=100 * MB) as host:
        await host.client.load("a")
        with pytest.raises(FailedPreconditionError) as caught:
            await host.client.infer("z", text="x")
        assert caught.value.reason == "EXPERT_TOO_LARGE"
        assert caught.value.metadata["needed_bytes"] == "500000000"
        assert caught.value.metadata["total_bytes"] == "100000000"
        assert await loaded(host) == {"a"}


async def test_an_expert_larger_than_its_estimate_is_found_out(tmp_path: Path) -> None:
    liar = {"memory_bytes": 1 * MB, "options": {"ballast_bytes": 150 * MB}}
    folder = catalogue(tmp_path / "catalogue", {"a": {}, "z": liar})
    async with running_host(tmp_path / "home", catalogue_paths=(folder,), memory_budget_bytes=100 * MB) as host:
        with pytest.raises(ResourceExhaustedError) as caught:
            await host.client.load("z")
        assert caught.value.reason == "OUT_OF_MEMORY"
        assert await free_bytes(host) == 100 * MB
        # What it takes is known now.
        with pytest.raises(FailedPreconditionError) as second:
            await host.client.load("z")
        assert second.value.reason == "EXPERT_TOO_LARGE"


async def test_a_failed_load_gives_everything_back(tmp_path: Path) -> None:
    broken = {"options": {"load_error": "weights are torn"}}
    folder = catalogue(tmp_path / "catalogue", {"a": {}, "z": broken})
    async with running_host(tmp_path / "home", catalogue_paths=(folder,), memory_budget_bytes=100 * MB) as host:
        with pytest.raises(FailedPreconditionError, match="weights are torn") as caught:
            await host.client.infer("z", text="x")
        assert caught.value.reason == "EXPERT_LOAD_FAILED"
        status = await host.client.status("z")
        assert (status.state, status.device, status.queued_count) == (ExpertState.FAILED, "", 0)
        assert await free_bytes(host) == 100 * MB


async def test_a_load_that_fails_late_leaves_nothing_in_a_worker_that_lives_on(tmp_path: Path) -> None:
    late = {"options": {"ballast_bytes": 30 * MB, "warm_up_error": "no such kernel"}}
    folder = catalogue(tmp_path / "catalogue", {"a": {}, "z": late})
    async with running_host(tmp_path / "home", catalogue_paths=(folder,), memory_budget_bytes=100 * MB) as host:
        status = await host.client.load("a")
        before = memory_of(host.worker_pid("engine@cpu"))
        for _ in range(5):
            with pytest.raises(FailedPreconditionError, match="no such kernel"):
                await host.client.load("z")
        assert memory_of(host.worker_pid("engine@cpu")) < before * 1.05
        assert await free_bytes(host) == 100 * MB - status.memory_bytes


async def test_calls_that_come_at_once_load_an_expert_once(tmp_path: Path) -> None:
    slow = {"options": {"load_ms": 300}}
    folder = catalogue(tmp_path / "catalogue", {"a": slow})
    async with running_host(tmp_path / "home", catalogue_paths=(folder,)) as host:
        results = await asyncio.gather(
            *(host.client.infer("a", text=str(number)) for number in range(8)),
            *(host.client.load("a") for _ in range(2)),
        )
        texts = [result.outputs["text"] for result in results if isinstance(result, InferOutputs)]
        assert texts == [str(number) for number in range(8)]
        assert await host.metric("orchestrion_host_loads_total", expert="a", outcome="loaded") == 1


async def test_an_expert_with_a_worker_of_its_own_survives_the_others(tmp_path: Path) -> None:
    folder = catalogue(tmp_path / "catalogue", {"a": {}, "b": {"isolation": "own"}})
    async with running_host(tmp_path / "home", catalogue_paths=(folder,)) as host:
        for name in ("a", "b"):
            await host.client.load(name)
        host.signal_worker("engine@cpu", signal.SIGKILL)
        await host.until("a", lambda status: status.state is ExpertState.LOADABLE)
        assert await loaded(host) == {"b"}
