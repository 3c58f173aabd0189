"""Errors over HTTP: one form, the right status, and nothing of the gateway's inside."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

import httpx2
import pytest

from orchestrion import AsyncClient, Reason
from orchestrion.errors import OrchestrionError
from orchestrion_gateway.app import create_app
from orchestrion_gateway.config import GatewayConfig
from orchestrion_gateway.errors import described, response_of, status_of
from tests.rpc.controller.conftest import StartController
from tests.rpc.controller.scripted_host import Gate, ScriptedHost
from tests.rpc.gateway.conftest import StartGateway
from tests.rpc.gateway.test_runs import ONE, wanted


async def test_whatever_is_wrong_is_told_in_one_form(http: httpx2.AsyncClient) -> None:
    json = {"Content-Type": "application/json"}
    cases = [
        (await http.get("/api/v1/nothing"), 404, "NOT_FOUND"),
        (await http.get("/nothing"), 404, "NOT_FOUND"),
        (await http.put("/api/v1/runs"), 405, "METHOD_NOT_ALLOWED"),
        (await http.get("/api/v1/runs?page_size=many"), 400, "INVALID_FIELD"),
        (await http.get("/api/v1/runs?page_size=0"), 400, "INVALID_FIELD"),
        (await http.get("/api/v1/runs?page_token=made-up"), 400, "INVALID_FIELD"),
        (await http.post("/api/v1/runs", json={"messages": []}), 400, "REQUEST_EMPTY"),
        (await http.post("/api/v1/runs", json={"mesages": []}), 400, "INVALID_FIELD"),
        (await http.post("/api/v1/runs", json=[]), 400, "INVALID_FIELD"),
        (await http.post("/api/v1/runs", content=b"{", headers=json), 400, "INVALID_FIELD"),
        (await http.post("/api/v1/runs", content=b"\xff", headers=json), 400, "INVALID_FIELD"),
        (await http.post("/api/v1/runs"), 400, "INVALID_FIELD"),
        (await http.post("/api/v1/plans:check", json={}), 400, "INVALID_FIELD"),
        (await http.get("/api/v1/hosts/nobody"), 404, "HOST_NOT_FOUND"),
        (await http.post("/api/v1/hosts/nobody/experts/one:load"), 404, "HOST_NOT_FOUND"),
        (await http.post("/api/v1/hosts/nobody/models/one:pull"), 404, "HOST_NOT_FOUND"),
        (await http.get("/api/v1/artifacts/abc"), 400, "INVALID_FIELD"),
    ]
    for response, status, reason in cases:
        error = response.json()["error"]
        assert (response.status_code, error["reason"]) == (status, reason)
        assert error["message"]
        assert isinstance(error["metadata"], dict)
    field = (await http.get("/api/v1/runs?page_size=many")).json()["error"]["metadata"]["field"]
    assert field == "page_size"


async def test_what_the_controller_refuses_for_now_says_when_to_come_again(
    start_controller: StartController, start_gateway: StartGateway
) -> None:
    controller = await start_controller(max_running_runs=1)
    address = f"127.0.0.1:{controller.grpc_port}"
    host = ScriptedHost("one", address, {"gate": Gate()})
    await host.start()
    gateway = await start_gateway(address)
    async with httpx2.AsyncClient(base_url=f"http://{gateway.address}", trust_env=False) as http:
        assert (await http.post("/api/v1/runs", json=wanted(ONE))).status_code == 201
        for accept in ("*/*", "text/event-stream"):
            response = await http.post("/api/v1/runs", json=wanted(ONE), headers={"Accept": accept})
            assert (response.status_code, response.json()["error"]["reason"]) == (429, "TOO_MANY_RUNS")
            assert int(response.headers["retry-after"]) >= 1
    await host.stop()


def test_every_reason_has_a_status() -> None:
    statuses = {reason: status_of(reason.error("why")) for reason in Reason}
    assert all(status >= 400 for status in statuses.values())
    # A program sends again by itself what is answered with 429 or 503.
    again = {reason for reason, status in statuses.items() if status in {429, 503}}
    assert not {Reason.ARTIFACT_TOO_LARGE, Reason.MESSAGE_TOO_LARGE, Reason.STORAGE_FULL} & again
    assert {Reason.TOO_MANY_RUNS, Reason.QUEUE_FULL, Reason.SERVER_UNREACHABLE} <= again
    assert status_of(OrchestrionError("from a later version", reason="NEW")) is HTTPStatus.INTERNAL_SERVER_ERROR
    error = Reason.QUEUE_FULL.error("full", retry_after_ms=1_200)
    assert response_of(error).headers["retry-after"] == "2"
    assert described(error)["error"]["retryAfterMs"] == 1_200


async def test_a_fault_of_the_gateway_tells_nothing_of_it() -> None:
    client = AsyncClient("127.0.0.1:1", reconnect=0)
    app = create_app(GatewayConfig(), client, asyncio.Event())

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError("a secret")

    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with client, httpx2.AsyncClient(transport=transport, base_url="http://localhost") as http:
        response = await http.get("/broken")
    assert (response.status_code, response.json()["error"]["reason"]) == (500, "INTERNAL")
    assert "secret" not in response.text
    assert "Traceback" not in response.text


async def test_without_its_controller_a_gateway_does_not_start(start_gateway: StartGateway) -> None:
    with pytest.raises(OrchestrionError, match=r"No controller answers at 127\.0\.0\.1:1 .* `orchestrion up`"):
        await start_gateway("127.0.0.1:1")
