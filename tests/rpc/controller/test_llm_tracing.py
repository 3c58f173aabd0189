"""What a language model is asked is in the trace, by the conventions for generative models, and without any words."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from orchestrion import AsyncClient
from orchestrion_serving import tracing
from tests.llm_server import LLMServer, Reply
from tests.otlp_collector import Collector
from tests.rpc.controller.conftest import StartController

PLAN = json.dumps({"tasks": [{"id": "one", "type": "test-delay", "inputs": {"text": {"text": "secret"}}}]})


@pytest.fixture
async def collector(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Collector]:
    """Traces what this process serves."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
    with Collector() as collector:
        tracing.start(collector.endpoint, "orchestrion-controller")
        yield collector
        await tracing.close()


async def test_each_call_of_a_language_model_is_a_span_of_its_stage(
    collector: Collector, start_controller: StartController
) -> None:
    async with LLMServer([Reply(PLAN)]) as model:
        controller = await start_controller(llm_base_url=model.base_url, llm_model="scripted", llm_retry_count=0)
        async with AsyncClient(f"127.0.0.1:{controller.grpc_port}") as client:
            _events = [event async for event in client.plan("the secret request", planner="llm")]
    await asyncio.to_thread(
        collector.wait, await _trace_of_chat(collector), lambda seen: any(span.name.endswith("/Plan") for span in seen)
    )
    (call, *_) = [span for span in collector.spans if span.name == "chat scripted"]
    by_id = {span.span_id: span for span in collector.spans}
    assert by_id[call.parent_id].name == "stage plan"
    assert (call.kind, call.failed) == ("client", False)
    assert call.attributes["gen_ai.operation.name"] == "chat"
    assert call.attributes["gen_ai.request.model"] == "scripted"
    assert call.attributes["server.address"] == "127.0.0.1"
    assert int(str(call.attributes["gen_ai.usage.input_tokens"])) > 0
    assert "secret" not in repr(collector.spans)


async def _trace_of_chat(collector: Collector) -> str:
    await asyncio.to_thread(collector.wait_for, lambda seen: any(span.name == "chat scripted" for span in seen))
    return next(span.trace_id for span in collector.spans if span.name == "chat scripted")
