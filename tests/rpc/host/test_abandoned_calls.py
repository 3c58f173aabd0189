"""Calls that are abandoned in the middle of what others share: nobody else is cancelled, and accounts stay right."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

import grpc
import pytest

from orchestrion.errors import FailedPreconditionError, OrchestrionError
from orchestrion.experts import ExpertState
from orchestrion.v1 import model_host_service_pb2 as messages
from orchestrion.values import ArtifactRef
from orchestrion_host.artifacts.cache import ArtifactCache
from orchestrion_host.artifacts.exchange import ArtifactExchange
from orchestrion_host.artifacts.store import ArtifactStore
from orchestrion_host.metrics import HostMetrics
from orchestrion_host.uninterrupted import uninterrupted
from orchestrion_host.workers.spool import SpoolRoot
from orchestrion_serving.metrics import CallMetrics
from tests.rpc.host.delays import MB, catalogue, three
from tests.rpc.host.hosts import RunningHost, running_host
from tests.rpc.host.tiny_controller import TinyController


async def cancelled(task: asyncio.Task[object]) -> None:
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


async def free_bytes(host: RunningHost) -> int:
    return next(device.free_bytes for device in (await host.client.host()).devices if device.name == "cpu")


async def test_an_unload_whose_caller_leaves_is_carried_out_and_gives_all_memory_back(tmp_path: Path) -> None:
    async with three(tmp_path) as host:
        computing = asyncio.create_task(host.client.infer("a", text="text", delay_ms=400))
        await host.when("a", lambda status: status.running_count == 1)
        # It waits for what the expert computes.
        unloading = asyncio.create_task(host.client.unload("a"))
        await host.when("a", lambda status: status.state is not ExpertState.LOADED)
        await cancelled(unloading)

        assert (await computing).outputs == {"text": "text"}
        async with asyncio.timeout(10):
            while host.host.workers:  # noqa: ASYNC110 - no report tells of the end of a worker.
                await asyncio.sleep(0.01)
        assert await free_bytes(host) == 100 * MB
        assert (await host.client.infer("a", text="again")).outputs == {"text": "again"}


async def test_a_call_that_joins_a_load_just_as_its_last_waiter_leaves_loads_all_the_same(tmp_path: Path) -> None:
    async with three(tmp_path) as host:
        for name in ("a", "b"):
            await host.client.load(name)  # One after the other: what they take is measured.
            await host.client.reserve(name, name, hard=True)
        loader, expert = host.host._loader, host.host._loader._experts["c"]
        first = asyncio.create_task(loader.load(expert, 30))
        await host.until("c", lambda status: status.state is ExpertState.LOADING)
        first.cancel()
        # It begins when the first has cancelled the load, and before that has ended.
        second = asyncio.create_task(loader.load(expert, 30))
        await asyncio.wait([first])
        await host.client.call(host.client.stub.Release, messages.ReleaseRequest(reservation="a"))

        await second
        assert expert.state is ExpertState.LOADED


async def test_a_call_that_joins_a_download_just_as_its_last_waiter_leaves_gets_its_file(tmp_path: Path) -> None:
    async with TinyController() as controller, grpc.aio.insecure_channel(controller.address) as channel:
        metrics = HostMetrics(CallMetrics("orchestrion_host"))
        cache, spool = ArtifactCache(tmp_path / "artifacts", 1 << 20), SpoolRoot(tmp_path)
        exchange = ArtifactExchange(cache, ArtifactStore(channel), spool, metrics)
        inputs = {"image": ArtifactRef(controller.artifacts.put(b"no picture" * 1000))}

        async def fetch() -> int:
            async with exchange.inputs(inputs):
                return sum(path.stat().st_size for path in (tmp_path / "artifacts").iterdir())

        controller.artifacts.gate.clear()
        first = asyncio.create_task(fetch())
        async with asyncio.timeout(10):
            while not controller.artifacts.download_count:  # noqa: ASYNC110 - the controller has no event for it.
                await asyncio.sleep(0.01)
        first.cancel()
        await asyncio.sleep(0)  # Its download is cancelled now, and has not ended.
        second = asyncio.create_task(fetch())
        await asyncio.wait([first])
        controller.artifacts.gate.set()

        assert await second == 10_000
        assert controller.artifacts.download_count == 2
        spool.close()


async def test_calls_that_are_abandoned_at_any_moment_give_everything_back(tmp_path: Path) -> None:
    moments = random.Random(18)
    async with running_host(tmp_path) as host:
        status = await host.client.load("delay")
        shared = host.host._spool.folder

        async def abandon() -> bool:
            call = asyncio.create_task(host.client.infer("delay", text="x", delay_ms=5.0, output_bytes=3e6))
            await asyncio.sleep(moments.uniform(0.0, 0.1))
            call.cancel()
            await asyncio.wait([call])
            return call.cancelled()

        abandoned = sum(await asyncio.gather(*(abandon() for _ in range(100))))
        assert abandoned > 0
        await host.when("delay", lambda now: now.running_count == now.queued_count == 0)
        async with asyncio.timeout(10):
            while [path for path in shared.rglob("*") if path.is_file()]:  # noqa: ASYNC110 - nothing tells of files.
                await asyncio.sleep(0.01)
        assert (await host.client.status("delay")).memory_bytes == status.memory_bytes
        assert not list(tmp_path.rglob("*.part"))
        counts = [
            await host.metric("orchestrion_host_inferences_total", expert="delay", outcome=outcome)
            for outcome in ("succeeded", "cancelled", "failed", "rejected")
        ]
        # Of those that nobody waited for, some had their outputs already, and some never reached the host.
        assert counts[2:] == [0, 0]
        assert counts[0] >= 100 - abandoned
        assert (await host.client.infer("delay", text="next")).outputs == {"text": "next"}


async def test_a_host_that_stops_does_not_wait_for_an_expert_that_is_loading(tmp_path: Path) -> None:
    folder = catalogue(tmp_path / "catalogue", {"slow": {"options": {"load_ms": 60_000}}})
    began = time.monotonic()
    async with running_host(tmp_path / "home", catalogue_paths=(folder,), drain_grace_s=0.1) as host:
        loading = asyncio.create_task(host.client.load("slow"))
        while not host.host.workers:  # noqa: ASYNC110 - no report tells of a worker.
            await asyncio.sleep(0.01)
    # The host ended the call, or the channel to it was closed first.
    with pytest.raises((OrchestrionError, asyncio.CancelledError)):
        await loading
    assert time.monotonic() - began < 50  # It would load for a minute.


async def test_what_must_not_be_done_by_half_is_done_before_its_caller_hears_of_the_cancellation() -> None:
    done: list[str] = []

    async def work(error: Exception | None = None) -> str:
        await asyncio.sleep(0.01)
        done.append("whole")
        if error:
            raise error
        return "result"

    assert await uninterrupted(work()) == "result"
    with pytest.raises(FailedPreconditionError):
        await uninterrupted(work(FailedPreconditionError("no")))
    for outcome in (None, ValueError("which nobody is left to hear of")):
        caller = asyncio.create_task(uninterrupted(work(outcome)))
        for _ in range(3):
            await asyncio.sleep(0)
            caller.cancel()
        await asyncio.wait([caller])
        assert caller.cancelled()
    assert done == ["whole"] * 4
