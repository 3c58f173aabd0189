"""A call of the gateway is a part of its caller's trace, and what it asks of the controller is a part of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest

from orchestrion_serving import tracing
from tests.otlp_collector import Collector
from tests.rpc.controller.conftest import StartController
from tests.rpc.gateway.conftest import StartGateway

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
async def collector(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Collector]:
    """Traces what this process serves."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
    with Collector() as collector:
        tracing.start(collector.endpoint, "orchestrion-controller")
        yield collector
        await tracing.close()


async def test_a_traceparent_goes_on_through_the_gateway_to_the_controller(
    collector: Collector, start_controller: StartController, start_gateway: StartGateway
) -> None:
    controller = await start_controller()
    gateway = await start_gateway(f"127.0.0.1:{controller.grpc_port}", otlp_endpoint=collector.endpoint)
    async with httpx2.AsyncClient(base_url=f"http://{gateway.address}", trust_env=False) as http:
        answer = await http.get("/api/v1/hosts", headers={"traceparent": f"00-{TRACE}-{CALLER}-01"})
    assert answer.status_code == 200

    spans = await asyncio.to_thread(collector.wait, TRACE, lambda seen: len(seen) == 2)
    own, call = spans
    assert (own.service, own.name, own.kind) == ("orchestrion-gateway", "GET /api/v1/hosts", "server")
    assert (own.parent_id, own.attributes["http.response.status_code"]) == (CALLER, 200)
    assert (call.service, call.name) == ("orchestrion-controller", "orchestrion.v1.RegistryService/ListHosts")
    assert call.parent_id == own.span_id
    assert call.attributes["rpc.response.status_code"] == "OK"
    assert own.start <= call.start <= call.end <= own.end
