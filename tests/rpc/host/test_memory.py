"""Memory on a real host: what experts take is measured, some give way to others, and claims are respected.

The experts here hold a ballast of 40 MB each in place of weights.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrion.errors import FailedPreconditionError, InvalidArgumentError, ResourceExhaustedError
from orchestrion.experts import ExpertState
from orchestrion.v1 import model_host_service_pb2 as messages
from tests.rpc.host.hosts import RunningHost, running_host

MB = 1_000_000


def catalogue(folder: Path, experts: Mapping[str, Mapping[str, Any]]) -> Path:
    """Writes a catalogue of delay experts with the options given."""
    folder.mkdir()
    for name, fields in experts.items():
        facts = {
            "id": name,
            "model": "delay",
            "runtime": "engine",
            "task_types": ["test-delay"],
            "description": "Holds ballast.",
            "memory_bytes": 40 * MB,
            "options": {"ballast_bytes": 40 * MB},
        }
        (folder / f"{name}.yaml").write_text(yaml.safe_dump({**facts, **fields}))
    return folder


def three(tmp_path: Path, **settings: Any) -> Any:
    """A host with experts a, b and c of 40 MB each, and 100 MB for them: two fit."""
    folder = catalogue(tmp_path / "catalogue", {"a": {}, "b": {}, "c": {}})
    return running_host(tmp_path / "home", catalogue_paths=(folder,), memory_budget_bytes=100 * MB, **settings)


async def states(host: RunningHost) -> dict[str, ExpertState]:
    found = await host.client.host()
    return {status.expert_id: status.state for status in found.statuses if len(status.expert_id) == 1}


async def loaded(host: RunningHost) -> set[str]:
    return {name for name, state in (await states(host)).items() if state is ExpertState.LOADED}


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


async def test_the_least_recently_used_expert_gives_way(tmp_path: Path) -> None:
    async with three(tmp_path) as host:
        for name in ("a", "b", "a", "c"):
            assert (await host.client.infer(name, text=name)).outputs == {"text": name}
        assert await loaded(host) == {"a", "c"}
        assert await host.metric("orchestrion_host_evictions_total", expert="b") == 1


async def test_hard_claims_hold_and_the_loser_learns_why(tmp_path: Path) -> None:
    async with three(tmp_path) as host:
        for name in ("a", "b"):
            await host.client.reserve(f"claim-{name}", name, hard=True)
            await host.client.load(name)
        with pytest.raises(ResourceExhaustedError) as caught:
            await host.client.reserve("claim-c", "c", hard=True, timeout=0.5)
        assert (caught.value.reason, caught.value.metadata["expert"]) == ("OUT_OF_MEMORY", "c")
        assert await loaded(host) == {"a", "b"}
        with pytest.raises(FailedPreconditionError) as refused:
            await host.client.unload("a")
        assert refused.value.reason == "EXPERT_RESERVED"
        # Nothing of the claim that failed is left.
        assert (await host.client.status("c")).reservation_count == 0


async def test_a_hard_claim_waits_until_another_is_released(tmp_path: Path) -> None:
    async with three(tmp_path) as host:
        for name in ("a", "b"):
            await host.client.reserve(f"claim-{name}", name, hard=True)
            await host.client.load(name)
        waiting = asyncio.create_task(host.client.reserve("claim-c", "c", hard=True))
        await host.when("c", lambda status: status.state is ExpertState.LOADING)
        await host.client.call("Release", messages.ReleaseRequest(reservation="claim-a"))
        assert (await waiting).hard
        await host.client.load("c")
        assert await loaded(host) == {"b", "c"}


async def test_soft_claims_load_ahead_but_displace_nobody_who_is_claimed(tmp_path: Path) -> None:
    async with three(tmp_path) as host:
        for name in ("a", "b"):
            state = (await host.client.reserve(f"claim-{name}", name)).state
            assert state == ExpertState.LOADING
            await host.when(name, lambda status: status.state is ExpertState.LOADED)
        assert (await host.client.reserve("claim-c", "c")).state == ExpertState.LOADABLE
        # Whoever calls it goes before soft claims all the same.
        assert (await host.client.infer("c", text="now")).outputs == {"text": "now"}
        assert await loaded(host) == {"b", "c"}


async def test_a_call_makes_its_claim_hard_and_ends_it(tmp_path: Path) -> None:
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


async def test_a_claim_ends_by_itself(tmp_path: Path) -> None:
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


async def test_calls_that_come_at_once_load_an_expert_once(tmp_path: Path) -> None:
    slow = {"options": {"load_ms": 300}}
    folder = catalogue(tmp_path / "catalogue", {"a": slow})
    async with running_host(tmp_path / "home", catalogue_paths=(folder,)) as host:
        results = await asyncio.gather(*(host.client.infer("a", text=str(number)) for number in range(8)))
        assert [result.outputs["text"] for result in results] == [str(number) for number in range(8)]
        assert await host.metric("orchestrion_host_loads_total", expert="a", outcome="loaded") == 1


async def test_an_expert_with_a_worker_of_its_own_survives_the_others(tmp_path: Path) -> None:
    folder = catalogue(tmp_path / "catalogue", {"a": {}, "b": {"isolation": "own"}})
    async with running_host(tmp_path / "home", catalogue_paths=(folder,)) as host:
        for name in ("a", "b"):
            await host.client.load(name)
        host.signal_worker("engine@cpu", signal.SIGKILL)
        await host.until("a", lambda status: status.state is ExpertState.LOADABLE)
        assert await loaded(host) == {"b"}
