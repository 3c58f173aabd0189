"""A controller that restarts under the gateway, a gateway that stops under its readers, and readers that vanish."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx2

from orchestrion import AsyncClient
from orchestrion.runs import RunState
from orchestrion_controller.config import ControllerConfig
from orchestrion_controller.server import Controller
from tests.rpc.client.proxy import Proxy
from tests.rpc.controller.conftest import StartHost
from tests.rpc.controller.scripted_host import Gate
from tests.rpc.gateway.conftest import StartGateway
from tests.rpc.gateway.server_events import collect, events_of, until
from tests.rpc.gateway.test_runs import ONE, STREAM, wanted


async def test_a_stream_goes_on_when_the_connection_to_the_controller_breaks(
    controller: Controller, start_host: StartHost, start_gateway: StartGateway
) -> None:
    gate = Gate()
    await start_host(gate=gate)
    async with Proxy(controller.grpc_port) as proxy:
        gateway = await start_gateway(proxy.address)
        async with httpx2.AsyncClient(base_url=f"http://{gateway.address}", trust_env=False, timeout=30) as http:
            name = (await http.post("/api/v1/runs", json=wanted(ONE))).json()["name"]
            async with http.stream("GET", f"/api/v1/{name}/events") as response:
                events = events_of(response)
                before = await until(events, "task_started")
                proxy.cut()
                gate.open.set()
                rest = await until(events, "run_finished")
    numbers = [int(event.id) for event in (*before, *rest) if event.id]
    assert numbers == list(range(1, len(numbers) + 1))
    assert rest[-1].data["runFinished"]["state"] == "RUN_STATE_SUCCEEDED"


async def test_a_controller_that_restarts_is_survived(tmp_path: Path, start_gateway: StartGateway) -> None:
    async def start(port: int) -> Controller:
        controller = Controller(
            ControllerConfig(port=port, metrics_port=0, home=tmp_path / "home", shutdown_grace_s=0.2)
        )
        await controller.start()
        return controller

    first = await start(0)
    gateway = await start_gateway(f"127.0.0.1:{first.grpc_port}")
    body = wanted(ONE, approval="APPROVAL_REQUIRED")
    async with httpx2.AsyncClient(base_url=f"http://{gateway.address}", trust_env=False, timeout=60) as http:
        name = (await http.post("/api/v1/runs", json=body)).json()["name"]
        async with http.stream("GET", f"/api/v1/{name}/events") as response:
            events = events_of(response)
            before = await until(events, "approval_awaited")
            await first.stop()
            assert (await http.get("/readyz")).status_code in {503, 504}
            second = await start(first.grpc_port)
            try:
                # The run is handed over: it goes on waiting for its approval.
                cancelled = await http.post(f"/api/v1/{name}:cancel")
                rest = [event async for event in events]
                listed = (await http.get("/api/v1/runs")).json()["runs"]
                assert (await http.get("/readyz")).text == "ok\n"
            finally:
                await second.stop()
    numbers = [int(event.id) for event in (*before, *rest) if event.id]
    assert numbers == list(range(1, len(numbers) + 1))
    assert rest[-1].name == "run_finished"
    assert cancelled.json()["state"] == "RUN_STATE_CANCELLED"
    assert [run["name"] for run in listed] == [name]


async def test_streams_end_when_the_gateway_stops_and_runs_do_as_they_were_told(
    start_gateway: StartGateway, address: str, client: AsyncClient, start_host: StartHost
) -> None:
    gate = Gate()
    await start_host(gate=gate)
    gateway = await start_gateway(address)
    body = wanted(ONE, options={"onDetach": "ON_DETACH_CONTINUE"})
    async with (
        httpx2.AsyncClient(base_url=f"http://{gateway.address}", trust_env=False, timeout=30) as http,
        http.stream("POST", "/api/v1/runs", json=body, headers=STREAM) as response,
        http.stream("GET", "/api/v1/hosts:watch") as watch,
    ):
        events, changes = events_of(response), events_of(watch)
        seen = await until(events, "task_started")
        await until(changes, "host")
        await gateway.stop()
        # They end as streams do, not as connections that broke.
        assert [event.name async for event in events if event.id] == []
        assert [change.name async for change in changes if change.name != "host"] == []
    gate.open.set()
    name = seen[0].data["run"]
    async for _ in client.runs.watch(name):
        pass
    assert (await client.runs.get(name)).state is RunState.SUCCEEDED


async def test_a_quiet_stream_says_that_it_goes_on(
    start_gateway: StartGateway, address: str, start_host: StartHost
) -> None:
    await start_host(gate=Gate())
    gateway = await start_gateway(address, keep_alive_s=0.05)
    async with (
        httpx2.AsyncClient(base_url=f"http://{gateway.address}", trust_env=False, timeout=30) as http,
        http.stream("POST", "/api/v1/runs", json=wanted(ONE), headers=STREAM) as response,
    ):
        events = events_of(response)
        await until(events, "task_started")
        quiet = [event for event in [await anext(events) for _ in range(5)] if event.name != "task_progress"]
    assert len(quiet) >= 3
    assert all(event.comment for event in quiet)


async def test_readers_that_stop_reading_hold_up_nobody(
    http: httpx2.AsyncClient, gateway: object, start_host: StartHost
) -> None:
    gate = Gate()
    await start_host(gate=gate)
    name = (await http.post("/api/v1/runs", json=wanted(ONE))).json()["name"]
    port = http.base_url.port
    stalled = []
    for _ in range(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
        writer.write(f"GET /api/v1/{name}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        await writer.drain()
        stalled.append((reader, writer))
    gate.open.set()
    events = await collect(await http.get(f"/api/v1/{name}/events"))
    assert events[-1].data["runFinished"]["state"] == "RUN_STATE_SUCCEEDED"
    for _, writer in stalled:
        writer.transport.abort()
