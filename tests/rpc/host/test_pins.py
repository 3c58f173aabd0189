"""Pinned experts: loaded until they are unpinned, whatever happens to others, to their worker or to the host."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from orchestrion.errors import FailedPreconditionError, NotFoundError, ResourceExhaustedError
from orchestrion.experts import ExpertState
from tests.rpc.host.delays import MB, catalogue, loaded, three
from tests.rpc.host.hosts import running_host


async def test_a_pinned_expert_is_neither_evicted_nor_unloaded(tmp_path: Path) -> None:
    async with three(tmp_path) as host:
        status = await host.client.pin("a")
        assert (status.state, status.pinned) == (ExpertState.LOADED, True)
        await host.until("a", lambda status: status.pinned)
        for name in "bcbc":
            await host.client.infer(name, text=name)
        assert await loaded(host) == {"a", "c"}
        assert await host.metric("orchestrion_host_pinned", expert="a") == 1
        with pytest.raises(FailedPreconditionError, match="unpin it first") as caught:
            await host.client.unload("a")
        assert caught.value.reason == "EXPERT_RESERVED"
        assert not (await host.client.pin("a", pinned=False)).pinned
        for name in "bc":
            await host.client.infer(name, text=name)
        assert await loaded(host) == {"b", "c"}
        # Once more is no error.
        assert not (await host.client.pin("a", pinned=False)).pinned


async def test_a_pin_that_cannot_be_carried_out_is_an_error_and_not_kept(tmp_path: Path) -> None:
    large, torn = {"memory_bytes": 500 * MB}, {"options": {"load_error": "weights are torn"}}
    folder = catalogue(tmp_path / "catalogue", {"a": {}, "z": large, "torn": torn})
    async with running_host(tmp_path / "home", catalogue_paths=(folder,), memory_budget_bytes=100 * MB) as host:
        for name, reason in (("z", "EXPERT_TOO_LARGE"), ("torn", "EXPERT_LOAD_FAILED")):
            with pytest.raises(FailedPreconditionError) as caught:
                await host.client.pin(name)
            assert caught.value.reason == reason
            assert not (await host.client.status(name)).pinned
        with pytest.raises(NotFoundError):
            await host.client.pin("nobody")
        assert not list((tmp_path / "home").rglob("pins.json"))


async def test_pins_leave_no_room_for_others_and_say_so(tmp_path: Path) -> None:
    async with three(tmp_path, room_wait_s=0.3) as host:
        for name in "ab":
            await host.client.pin(name)
        with pytest.raises(ResourceExhaustedError) as caught:
            async for _ in host.client.events("c", {"text": "x"}, timeout=None):
                pass
        assert caught.value.reason == "OUT_OF_MEMORY"
        assert await loaded(host) == {"a", "b"}


async def test_a_pinned_expert_comes_back_after_a_crash_and_after_a_restart(tmp_path: Path) -> None:
    async with three(tmp_path) as host:
        await host.client.pin("a")
        host.signal_worker("engine@cpu", signal.SIGKILL)
        await host.until("a", lambda status: status.state is not ExpertState.LOADED)
        await host.until("a", lambda status: status.state is ExpertState.LOADED)
    folder = tmp_path / "catalogue"
    async with running_host(tmp_path / "home", catalogue_paths=(folder,), memory_budget_bytes=100 * MB) as host:
        status = await host.until("a", lambda status: status.state is ExpertState.LOADED)
        assert status.pinned
        await host.client.pin("a", pinned=False)
    async with running_host(tmp_path / "home", catalogue_paths=(folder,), memory_budget_bytes=100 * MB) as host:
        status = await host.client.status("a")
        assert (status.state, status.pinned) == (ExpertState.LOADABLE, False)


async def test_a_broken_file_pins_nothing_and_an_unknown_expert_keeps_its_pin(tmp_path: Path) -> None:
    pins = tmp_path / "home" / "hosts" / "test-host" / "pins.json"
    pins.parent.mkdir(parents=True)
    pins.write_text("{")
    async with three(tmp_path) as host:
        assert await loaded(host) == set()
    pins.write_text('{"pinned": ["gone"]}')
    folder = tmp_path / "catalogue"
    async with running_host(tmp_path / "home", catalogue_paths=(folder,), memory_budget_bytes=100 * MB) as host:
        await host.client.pin("a")
    assert pins.read_text().split() == ["{", '"pinned":', "[", '"a",', '"gone"', "]", "}"]
