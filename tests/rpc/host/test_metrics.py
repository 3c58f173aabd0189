"""The host's metrics tell what happened: errors by reason, tokens, waits for room, and who holds the memory."""

from __future__ import annotations

import asyncio
import urllib.request
from pathlib import Path

import pytest

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.values import Value
from tests.checkpoints import text_models
from tests.rpc.host.delays import MB, catalogue, three
from tests.rpc.host.hosts import RunningHost, running_host


async def scrape(host: RunningHost) -> list[str]:
    url = f"http://{host.host.metrics_address}/metrics"
    with await asyncio.to_thread(urllib.request.urlopen, url) as response:
        lines: list[str] = response.read().decode().splitlines()
    return [line for line in lines if not line.startswith("#")]


async def test_calls_that_fail_are_counted_by_reason(tmp_path: Path) -> None:
    async with three(tmp_path, queue_limit=1) as host:
        # Those whose inputs are wrong never reach the queue.
        with pytest.raises(OrchestrionError):
            await host.client.infer("a", text=3.0)
        running = asyncio.create_task(host.client.infer("a", text="x", delay_ms=400))
        await host.when("a", lambda status: status.running_count == 1)
        waiting = asyncio.create_task(host.client.infer("a", text="x"))
        await host.when("a", lambda status: status.queued_count == 1)
        with pytest.raises(OrchestrionError) as full:
            await host.client.infer("a", text="x")
        assert full.value.reason == Reason.QUEUE_FULL.name
        await asyncio.gather(running, waiting)
        for reason in (Reason.INVALID_INPUT, Reason.QUEUE_FULL):
            assert await host.metric("orchestrion_host_inference_errors_total", expert="a", reason=reason.name) == 1
        assert await host.metric("orchestrion_host_inferences_total", expert="a", outcome="rejected") == 2
        assert await host.metric("orchestrion_host_batches_total", expert="a") == 2
        assert await host.metric("orchestrion_host_queue_limit") == 1


async def test_memory_that_must_not_be_evicted_is_told_and_who_waits_for_room(tmp_path: Path) -> None:
    async with three(tmp_path) as host:
        await host.client.reserve("r1", "a", hard=True)
        await host.client.reserve("r2", "a")
        await host.client.pin("b")
        await host.until("a", lambda status: status.memory_bytes > 0)
        held = await host.metric("orchestrion_host_memory_reserved_bytes", device="cpu")
        of_each = [await host.metric("orchestrion_host_expert_memory_bytes", expert=name) for name in "ab"]
        assert held == sum(of_each) > 80 * MB - 1
        assert await host.metric("orchestrion_host_reservations", expert="a", strength="hard") == 1
        assert await host.metric("orchestrion_host_reservations", expert="a", strength="soft") == 1
        waiting = asyncio.create_task(host.client.infer("c", text="x"))
        await host.when("c", lambda status: status.queued_count == 1)
        assert await host.metric("orchestrion_host_room_waiting", expert="c") == 1
        await host.client.pin("b", pinned=False)
        await waiting
        assert await host.metric("orchestrion_host_room_waiting", expert="c") == 0
        assert await host.metric("orchestrion_host_room_wait_seconds_count", expert="c") == 1
        assert await host.metric("orchestrion_host_evictions_total", expert="b") == 1


async def test_of_thousands_of_experts_those_have_series_that_were_used(tmp_path: Path) -> None:
    folder = catalogue(tmp_path / "catalogue", {f"expert-{number}": {} for number in range(2000)})
    async with running_host(tmp_path / "home", catalogue_paths=(folder,), memory_budget_bytes=100 * MB) as host:
        before = await scrape(host)
        assert not [line for line in before if "expert-" in line]
        loadable = 'orchestrion_host_experts{state="loadable"}'
        assert next(float(line.split()[-1]) for line in before if line.startswith(loadable)) >= 2000
        await host.client.infer("expert-7", text="x")
        named = [line for line in await scrape(host) if "expert-" in line]
        assert named
        assert all('expert="expert-7"' in line for line in named)


async def test_generated_tokens_are_counted_as_the_model_generated_them(tmp_path: Path) -> None:
    model = tmp_path / "llama"
    text_models.llama(model)
    facts = {
        "model": "tiny-llama",
        "runtime": "transformers",
        "task_types": ["conversational", "text-generation"],
        "source": {"folder": str(model)},
        "options": {},
    }
    folder = catalogue(tmp_path / "catalogue", {"writer": facts})
    async with running_host(tmp_path / "home", catalogue_paths=(folder,)) as host:
        talk: dict[str, Value] = {"text": "the sun", "max_tokens": 7.0}
        done = await host.client.infer_with("writer", talk, task_type="conversational")
        count = done.outputs["completion_token_count"]
        assert count
        assert await host.metric("orchestrion_host_generated_tokens_total", expert="writer") == count
        assert await host.metric("orchestrion_host_generation_tokens_per_second_count", expert="writer") == 1
        assert await host.metric("orchestrion_host_generation_tokens_per_second_sum", expert="writer") > 0
