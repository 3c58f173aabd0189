"""The way of a call through a host: queue, cancellation, crash and hang of its worker, artifacts, errors."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from orchestrion.errors import (
    DeadlineExceededError,
    InvalidArgumentError,
    NotFoundError,
    OrchestrionError,
    ResourceExhaustedError,
    UnavailableError,
)
from orchestrion.experts import ExpertState
from orchestrion.inference import InferOutputs, InferProgress
from orchestrion.values import ArtifactRef
from tests.rpc.host.hosts import RunningHost, running_host, status_in
from tests.rpc.host.tiny_controller import TinyController

ENGINES = "engine@cpu"


def long_call(host: RunningHost, text: str = "x") -> asyncio.Task[InferOutputs]:
    return asyncio.create_task(host.client.infer("delay", text=text, delay_ms=600_000.0))


async def cancelled(*calls: asyncio.Task[InferOutputs]) -> None:
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)


async def test_the_first_call_loads_the_expert_and_says_so(tmp_path: Path) -> None:
    async with running_host(tmp_path) as host:
        assert (await host.client.status("delay")).state is ExpertState.LOADABLE
        events = [event async for event in host.client.events("delay", {"text": "one"})]
        assert events[0] == InferProgress(message="loading delay")
        again = [event async for event in host.client.events("delay", {"text": "two"})]
        assert len(again) == 1
        assert (await host.client.status("delay")).state is ExpertState.LOADED


async def test_a_call_that_is_cancelled_stops_in_the_worker(tmp_path: Path) -> None:
    async with running_host(tmp_path) as host:
        call = long_call(host)
        await host.when("delay", lambda status: status.running_count == 1)
        await cancelled(call)
        await host.when("delay", lambda status: status.running_count == 0)
        counted = await host.metric("orchestrion_host_inferences_total", expert="delay", outcome="cancelled")
        assert counted == 1
        # The worker computed it for far less than the ten minutes that it asked for, and goes on.
        assert (await host.client.infer("delay", text="next")).outputs == {"text": "next"}
        assert host.host.workers[0].pid == host.worker_pid(ENGINES)


async def test_a_deadline_that_passes_stops_the_call_as_well(tmp_path: Path) -> None:
    async with running_host(tmp_path) as host:
        await host.client.load("delay")
        with pytest.raises(DeadlineExceededError):
            await host.client.infer_with("delay", {"text": "x", "delay_ms": 600_000.0}, timeout=0.3)
        await host.when("delay", lambda status: status.running_count == 0)


async def test_an_output_that_nobody_waits_for_leaves_no_file(tmp_path: Path) -> None:
    async with running_host(tmp_path) as host:
        await host.client.load("delay")
        call = asyncio.create_task(host.client.infer("delay", text="x", delay_ms=50.0, output_bytes=2e8))
        await host.when("delay", lambda status: status.running_count == 1)
        await cancelled(call)
        await host.when("delay", lambda status: status.running_count == 0)
        assert [path for worker in host.host.workers for path in worker.folder.iterdir()] == []


async def test_a_killed_worker_fails_its_calls_alone_and_is_replaced(tmp_path: Path) -> None:
    async with running_host(tmp_path) as host:
        score = await host.client.infer("text-rules", texts=("a", "bb"), criterion="longest")
        assert score.outputs["text"] == "bb"
        calls = [long_call(host), long_call(host)]
        await host.when("delay", lambda status: status.running_count == 2)
        folder = host.host.workers[0].folder
        killed = host.signal_worker(ENGINES, signal.SIGKILL)
        for call in calls:
            with pytest.raises(UnavailableError) as caught:
                await call
            assert caught.value.reason == "WORKER_CRASHED"
        # A report from before the load may be the last one still.
        report = await host.controller.registry.wait(lambda report: report.worker_restart_count == 1)
        status = status_in(report, "delay")
        assert (status.state, status.running_count, status.device) == (ExpertState.LOADABLE, 0, "")
        assert not folder.exists()
        assert await host.metric("orchestrion_host_worker_restarts_total", worker=ENGINES) == 1
        assert (await host.client.infer("delay", text="back")).outputs == {"text": "back"}
        assert host.worker_pid(ENGINES) != killed


async def test_calls_that_waited_when_the_worker_died_are_computed_by_the_next(tmp_path: Path) -> None:
    async with running_host(tmp_path) as host:
        running = [long_call(host) for _ in range(32)]
        await host.when("delay", lambda status: status.running_count == 32)
        waiting = asyncio.create_task(host.client.infer("delay", text="patient"))
        await host.when("delay", lambda status: status.queued_count == 1)
        host.signal_worker(ENGINES, signal.SIGKILL)
        failures = await asyncio.gather(*running, return_exceptions=True)
        assert {getattr(failure, "reason", "") for failure in failures} == {"WORKER_CRASHED"}
        assert (await waiting).outputs == {"text": "patient"}


async def test_a_worker_that_hangs_is_killed_and_replaced(tmp_path: Path) -> None:
    async with running_host(tmp_path, hang_timeout_s=1.0) as host:
        call = long_call(host)
        await host.when("delay", lambda status: status.running_count == 1)
        stopped = host.signal_worker(ENGINES, signal.SIGSTOP)
        with pytest.raises(UnavailableError, match="did not answer") as caught:
            await call
        assert caught.value.reason == "WORKER_CRASHED"
        with pytest.raises(ProcessLookupError):
            os.kill(stopped, 0)
        assert (await host.client.infer("delay", text="back")).outputs == {"text": "back"}


async def test_a_full_queue_turns_calls_away_and_says_when_to_come_back(tmp_path: Path) -> None:
    async with running_host(tmp_path, queue_limit=3) as host:
        await host.client.load("delay")
        calls = [long_call(host) for _ in range(35)]
        await host.when("delay", lambda status: status.queued_count == 3)
        with pytest.raises(ResourceExhaustedError) as caught:
            await host.client.infer("delay", text="one too many")
        assert caught.value.reason == "QUEUE_FULL"
        assert caught.value.retry_after_ms is not None
        assert caught.value.retry_after_ms >= 10
        await cancelled(*calls)
        # Cancelled calls leave the queue, and room for the next.
        assert (await host.client.infer("delay", text="now")).outputs == {"text": "now"}


async def test_what_is_too_large_for_one_message_is_refused_with_the_setting(tmp_path: Path) -> None:
    async with running_host(tmp_path, max_result_bytes=1_000, max_request_parts=100) as host:
        with pytest.raises(
            InvalidArgumentError, match="1,001 bytes or more, and max_result_bytes allows 1,000"
        ) as caught:
            await host.client.infer("delay", text="x" * 1_001)
        assert (caught.value.reason, caught.value.metadata["expert_id"]) == ("RESULT_TOO_LARGE", "delay")
        with pytest.raises(InvalidArgumentError, match="more than 100 parts") as caught:
            await host.client.infer("delay", text=("x",) * 100)
        assert (caught.value.reason, caught.value.field) == ("REQUEST_TOO_LARGE", "inputs")
        assert (await host.client.infer("delay", text="x" * 1_000)).outputs == {"text": "x" * 1_000}


async def test_one_artifact_for_many_calls_is_fetched_once(tmp_path: Path) -> None:
    async with TinyController() as controller, running_host(tmp_path, controller) as host:
        name = controller.artifacts.put(b"no picture, but fetched all the same" * 1000)
        controller.artifacts.gate.clear()
        calls = [asyncio.create_task(host.client.infer("rapidocr", image=ArtifactRef(name))) for _ in range(4)]
        await host.when("rapidocr", lambda status: status.queued_count == 4 and status.state is ExpertState.LOADED)
        controller.artifacts.gate.set()
        for failure in await asyncio.gather(*calls, return_exceptions=True):
            assert isinstance(failure, InvalidArgumentError)
        with pytest.raises(InvalidArgumentError):
            await host.client.infer("rapidocr", image=ArtifactRef(name))
        assert controller.artifacts.download_count == 1


async def test_a_result_is_kept_for_the_next_task_on_this_host(tmp_path: Path) -> None:
    async with running_host(tmp_path) as host:
        audio = (await host.client.infer("espeak-ng", text="hello")).outputs["audio"]
        assert isinstance(audio, ArtifactRef)
        with pytest.raises(InvalidArgumentError):
            await host.client.infer("rapidocr", image=audio)
        assert host.controller.artifacts.download_count == 0
        assert await host.metric("orchestrion_host_artifact_cache_bytes") > 1000


async def test_without_its_controller_a_host_still_runs_what_needs_no_artifacts(tmp_path: Path) -> None:
    async with TinyController() as controller, running_host(tmp_path, controller) as host:
        await controller.stop()
        assert (await host.client.infer("delay", text="alone")).outputs == {"text": "alone"}
        with pytest.raises(UnavailableError) as caught:
            await host.client.infer_with("espeak-ng", {"text": "hello"}, timeout=20)
        assert caught.value.reason == "SERVER_UNREACHABLE"


@pytest.mark.parametrize(
    ("expert", "task_type", "reason", "field"),
    [
        ("nobody", "", "EXPERT_NOT_FOUND", None),
        ("delay", "text-to-speech", "INVALID_FIELD", "task_type"),
        ("delay", "", "INVALID_INPUT", "inputs.text"),
    ],
)
async def test_a_wrong_request_is_answered_with_what_is_wrong(
    tmp_path: Path, expert: str, task_type: str, reason: str, field: str | None
) -> None:
    async with running_host(tmp_path) as host:
        with pytest.raises(OrchestrionError) as caught:
            await host.client.infer_with(expert, {}, task_type=task_type)
        assert (caught.value.reason, caught.value.field) == (reason, field)


async def test_an_expert_that_the_host_does_not_have_is_said_to_be_unknown(tmp_path: Path) -> None:
    async with running_host(tmp_path) as host:
        with pytest.raises(NotFoundError, match="it has"):
            await host.client.load("nobody")


async def test_a_draining_host_takes_no_new_work_and_finishes_the_old(tmp_path: Path) -> None:
    async with running_host(tmp_path, drain_grace_s=10.0) as host:
        await host.client.load("delay")
        old = asyncio.create_task(host.client.infer("delay", text="old", delay_ms=700.0))
        await host.when("delay", lambda status: status.running_count == 1)
        stopping = asyncio.create_task(host.host.stop())
        await host.controller.registry.wait(lambda report: report.draining)
        with pytest.raises(UnavailableError) as caught:
            await host.client.infer("delay", text="new")
        assert caught.value.reason == "HOST_DRAINING"
        assert (await old).outputs == {"text": "old"}
        await stopping
        assert not host.host.workers
