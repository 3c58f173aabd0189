"""What an operator reads off a controller: counts that agree with what was sent and written, health, and its hosts."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import httpx2
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from orchestrion import AsyncClient
from orchestrion.errors import OrchestrionError, Reason
from orchestrion.experts import SelectionPolicy
from orchestrion.plans import Plan, Task
from orchestrion.task_types import load
from orchestrion.values import Value
from orchestrion_controller.server import Controller
from orchestrion_serving import trace_context
from tests.llm_server import LLMServer, Reply
from tests.rpc.controller.conftest import StartController, StartHost
from tests.rpc.controller.plans import CHAIN, collect, wait
from tests.rpc.controller.scripted_host import Gate, ScriptedHost, echo

INFER = "/orchestrion.v1.ModelHostService/Infer"


async def get(controller: Controller, path: str, **headers: str) -> httpx2.Response:
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as http:
        return await http.get(f"http://127.0.0.1:{controller.metrics_port}{path}", headers=headers)


async def counted(controller: Controller, name: str, label: str) -> dict[str, int]:
    """Returns the values of a counter that are above 0, added up by one of its labels."""
    text = (await get(controller, "/metrics", Accept="application/openmetrics-text; version=1.0.0")).text
    counts: Counter[str] = Counter()
    for family in text_string_to_metric_families(text):  # type: ignore[no-untyped-call]  # Its authors have not typed it.
        for sample in family.samples:
            if sample.name == f"orchestrion_controller_{name}" and sample.value:
                counts[sample.labels.get(label, "")] += int(sample.value)
    return dict(counts)


def attempts_at(host: ScriptedHost) -> dict[str, int]:
    """Returns how many calls of Infer a host counted, by code."""
    samples = [sample for family in host.metrics.calls.collect() for sample in family.samples]
    return {
        sample.labels["code"]: int(sample.value)
        for sample in samples
        if sample.name.endswith("_total") and sample.labels["method"] == INFER
    }


async def test_attempts_and_runs_are_counted_as_hosts_and_the_database_have_them(
    controller: Controller, client: AsyncClient, start_host: StartHost, tmp_path: Path
) -> None:
    held = Gate()
    failures = iter([Reason.QUEUE_FULL.error("full", retry_after_ms=1), Reason.INVALID_INPUT.error("bad")])

    async def moody(inputs: Mapping[str, Value]) -> Mapping[str, Value]:
        match inputs["text"]:
            case "hold":
                return await held(inputs)
            case "retry" | "fail" if error := next(failures, None):
                raise error
        return await echo(inputs)

    host = await start_host(moody=moody)
    await collect(client.execute(CHAIN))
    await collect(client.execute(Plan((wait("a", "retry"),))))
    await collect(client.execute(Plan((wait("a", "fail"),))))
    running = asyncio.create_task(collect(client.execute(Plan((wait("a", "hold"),)))))
    await held.entered.wait()
    name = (await client.runs.list()).items[0].name
    await client.runs.cancel(name)
    with pytest.raises(OrchestrionError):
        await running
    await asyncio.wait_for(host.cancelled.wait(), 5)
    with pytest.raises(OrchestrionError):
        await collect(client.execute(Plan((Task("a", "no-such-type"),))))

    sent = await counted(controller, "attempts_total", "code")
    assert sent == attempts_at(host)
    assert sent == {"OK": 4, "RESOURCE_EXHAUSTED": 1, "INVALID_ARGUMENT": 1, "CANCELLED": 1}
    assert await counted(controller, "retries_total", "to") == {"same_replica": 1}
    ended = await counted(controller, "runs_total", "state")
    with sqlite3.connect(tmp_path / "controller" / "controller.sqlite3") as database:
        states = Counter(state for (state,) in database.execute("SELECT state FROM runs WHERE end_ms IS NOT NULL"))
    assert sorted(ended.values()) == sorted(states.values())
    assert sum((await counted(controller, "runs_started_total", "kind")).values()) == sum(states.values())
    failed = await counted(controller, "run_failures_total", "reason")
    assert failed["CANCELLED"] == 1
    assert failed["UNKNOWN_TASK_TYPE"] == 1


async def test_runs_beyond_the_limit_are_counted_as_rejected(start_controller: StartController) -> None:
    controller = await start_controller(max_running_runs=1)
    async with AsyncClient(f"127.0.0.1:{controller.grpc_port}") as client:
        host = ScriptedHost("one", client.address, {"gate": Gate()})
        await host.start()
        async with aclosing(client.execute(CHAIN)) as events:
            await anext(events)
            with pytest.raises(OrchestrionError):
                await collect(client.execute(CHAIN))
        await host.stop()
        assert await counted(controller, "runs_rejected_total", "reason") == {"TOO_MANY_RUNS": 1}
        assert await counted(controller, "runs_limit", "") == {"": 1}


async def test_names_that_callers_make_up_get_no_series(
    controller: Controller, client: AsyncClient, start_host: StartHost
) -> None:
    host = await start_host()
    own = load()["test-delay"]
    host.facts["echo"] = {"task_types": ("test-delay", "own-type")}
    await host.report()
    plan = Plan((Task("a", "own-type", {"text": "x"}), wait("b")))
    await collect(client.execute(plan, task_types=[replace(own, name="own-type"), own]))
    assert await counted(controller, "tasks_total", "task_type") == {"other": 1, "test-delay": 1}
    assert await counted(controller, "tasks_total", "expert") == {"echo": 2}


async def test_hosts_are_discovered_with_their_names_and_where_their_metrics_are(
    controller: Controller, start_host: StartHost
) -> None:
    assert (await get(controller, "/sd/hosts")).json() == []
    first, _ = await start_host("first"), await start_host("second")
    first.metrics_address = "first.example:9465"
    await first.report()
    answer = await get(controller, "/sd/hosts")
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.text) == [{"targets": ["first.example:9465"], "labels": {"host": "first"}}]


async def test_readiness_says_why_not_and_liveness_stays(controller: Controller, address: str) -> None:
    alive, ready = await get(controller, "/healthz"), await get(controller, "/readyz")
    assert (alive.status_code, alive.text) == (200, "ok\n")
    assert (ready.status_code, ready.text.splitlines()[0]) == (200, "ok")
    assert "No host is listed" in ready.text
    async with grpc.aio.insecure_channel(address) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)  # Its stubs lack the methods.
        watch = stub.Watch(health_pb2.HealthCheckRequest(service="readiness"))
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING

        controller._database._writer.problem = "The disk is full."
        not_ready = await get(controller, "/readyz")
        assert (not_ready.status_code, not_ready.text.splitlines()[0]) == (503, "The disk is full.")
        assert await counted(controller, "ready", "") == {}
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
        assert (await get(controller, "/healthz")).status_code == 200
        serves = await stub.Check(health_pb2.HealthCheckRequest(service=""))
        assert serves.status == health_pb2.HealthCheckResponse.SERVING

        controller._database._writer.problem = ""
        assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING
        watch.cancel()
    missing = await get(controller, "/nowhere")
    assert (missing.status_code, "/readyz" in missing.text) == (404, True)


async def test_what_takes_time_names_its_trace_where_openmetrics_is_asked_for(
    controller: Controller, client: AsyncClient, start_host: StartHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    await start_host()
    monkeypatch.setattr("orchestrion_serving.metrics.current_trace_id", lambda: "ab" * 16)
    await collect(client.execute(CHAIN))
    assert trace_context.current_trace_id() is None
    text = (await get(controller, "/metrics", Accept="application/openmetrics-text; version=1.0.0")).text
    assert f'# {{trace_id="{"ab" * 16}"}}' in text
    assert "trace_id" not in (await get(controller, "/metrics")).text


async def test_the_store_and_the_database_are_shown_as_they_are(controller: Controller, client: AsyncClient) -> None:
    first = await client.artifacts.upload(b"hello", file_name="a.txt")
    again = await client.artifacts.upload(b"hello", file_name="b.txt")
    await client.artifacts.upload(b"worlds", file_name="c.txt")
    assert await counted(controller, "artifacts", "") == {"": 2}
    assert await counted(controller, "artifact_store_bytes", "") == {"": 11}
    await client.artifacts.delete(first.name)
    assert await counted(controller, "artifacts", "") == {"": 2}
    await client.artifacts.delete(again.name)
    assert await counted(controller, "artifacts", "") == {"": 1}
    assert (await counted(controller, "database_bytes", ""))[""] > 10_000


async def test_what_a_language_model_was_asked_and_chose_is_counted_and_timed_by_stage(
    start_controller: StartController,
) -> None:
    chosen = json.dumps({"choices": {"a": {"reason": "best", "expert": "second"}}})
    plan = json.dumps({"tasks": [{"id": "a", "type": "test-delay", "inputs": {"text": {"text": "x"}}}]})
    script = ["No plan at all.", plan, chosen, "Done.", plan, "No choice at all.", "Done."]
    async with LLMServer(script) as model:
        controller = await start_controller(
            llm_base_url=model.base_url, llm_retry_count=0, planner="llm", responder="llm"
        )
        host = ScriptedHost("one", f"127.0.0.1:{controller.grpc_port}", {"first": echo, "second": echo})
        host.facts["first"] = {"download_count": 10**7}
        await host.start()
        async with AsyncClient(f"127.0.0.1:{controller.grpc_port}") as client:
            for _ in range(2):
                await collect(client.run("Do it.", policy=SelectionPolicy.LLM))
        await host.stop()
    assert [expert for expert, _ in host.calls] == ["second", "first"]
    calls = {"plan": 3, "select": 2, "respond": 2}
    assert await counted(controller, "llm_calls_total", "stage") == calls
    assert await counted(controller, "llm_calls_total", "outcome") == {"succeeded": 7}
    assert await counted(controller, "llm_call_seconds_count", "stage") == calls
    assert await counted(controller, "llm_first_token_seconds_count", "stage") == calls
    assert await counted(controller, "first_task_seconds_count", "") == {"": 2}
    assert await counted(controller, "plan_repairs_total", "") == {"": 1}
    assert await counted(controller, "selections_total", "rank") == {"2": 1, "1": 1}
    assert sum((await counted(controller, "selection_fallbacks_total", "reason")).values()) == 1


async def test_a_language_model_that_fails_is_counted_as_failed(start_controller: StartController) -> None:
    async with LLMServer([Reply(status=500)]) as model:
        controller = await start_controller(llm_base_url=model.base_url, llm_retry_count=0)
        async with AsyncClient(f"127.0.0.1:{controller.grpc_port}") as client:
            with pytest.raises(OrchestrionError):
                await collect(client.plan("Do it.", planner="llm"))
    assert await counted(controller, "llm_calls_total", "outcome") == {"failed": 1}
    assert await counted(controller, "llm_first_token_seconds_count", "stage") == {}
