"""How calls and sessions end, and how the list of tools changes with the hosts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from mcp import Client
from mcp_types import ToolListChangedNotification

from orchestrion import AsyncClient
from orchestrion.runs import RunState
from orchestrion_gateway.server import Gateway
from tests.rpc.controller.conftest import StartHost
from tests.rpc.controller.scripted_host import Gate
from tests.rpc.gateway.conftest import StartGateway, the_only_run
from tests.rpc.gateway.mcp.conftest import ACCEPT, CLIENT, LEGACY, MODERN, Connect, message, names_of, open_session


async def only_run(client: AsyncClient) -> tuple[RunState, str]:
    """How the only run ended, and why."""
    listed = await the_only_run(client)
    run = await client.runs.cancel(listed.name)  # Waits until it has ended, and changes nothing.
    return run.state, run.error.reason if run.error else ""


@pytest.mark.parametrize("mode", [LEGACY, MODERN])
async def test_a_call_that_is_cancelled_cancels_its_run_at_once(
    connect: Connect, start_host: StartHost, client: AsyncClient, mode: str
) -> None:
    gate = Gate()
    host = await start_host(gate=gate)
    async with connect(mode) as assistant:
        call = asyncio.create_task(assistant.call_tool("test-delay", {"text": "hello"}))
        await gate.entered.wait()
        call.cancel()
        await host.cancelled.wait()
        # Not for want of readers, which would have taken its grace.
        assert await only_run(client) == (RunState.CANCELLED, "CANCELLED")
        # The client goes on.
        gate.open.set()
        assert not (await assistant.call_tool("test-delay", {"text": "hello"})).is_error


async def test_a_client_that_vanishes_in_the_middle_of_a_call_cancels_its_run(
    http: httpx2.AsyncClient, start_host: StartHost, client: AsyncClient
) -> None:
    gate = Gate()
    host = await start_host(gate=gate)
    headers = await open_session(http)
    call = message("tools/call", 2, name="test-delay", arguments={"text": "hello"})
    async with http.stream("POST", "/mcp", json=call, headers=headers) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        await gate.entered.wait()
    await host.cancelled.wait()
    assert await only_run(client) == (RunState.CANCELLED, "CANCELLED")


@asynccontextmanager
async def noticing(connect: Connect, mode: str) -> AsyncIterator[tuple[Client, asyncio.Event]]:
    """A client, and what is set each time that it is told that the list of tools has changed."""
    noticed = asyncio.Event()

    async def take(incoming: object) -> None:
        if isinstance(incoming, ToolListChangedNotification):
            noticed.set()

    async with connect(mode, message_handler=take) as assistant:
        if mode == LEGACY:
            yield assistant, noticed
            return
        async with assistant.listen(tools_list_changed=True) as changes:

            async def listen() -> None:
                async for _ in changes:
                    noticed.set()

            listening = asyncio.create_task(listen())
            yield assistant, noticed
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


@pytest.mark.parametrize("mode", [LEGACY, MODERN])
async def test_clients_are_told_when_hosts_come_and_go(connect: Connect, start_host: StartHost, mode: str) -> None:
    async with noticing(connect, mode) as (assistant, noticed), noticing(connect, mode) as (other, heard):
        assert await names_of(assistant) == await names_of(other) == ["ask"]

        host = await start_host()
        await asyncio.gather(noticed.wait(), heard.wait())
        assert await names_of(assistant) == ["ask", "test-delay"]

        noticed.clear()
        heard.clear()
        # What a host does all day changes no tools.
        host.memory_bytes += 1
        await host.report()
        await host.stop()
        await asyncio.gather(noticed.wait(), heard.wait())
        assert await names_of(other) == ["ask"]


@pytest.mark.parametrize("mode", [LEGACY, MODERN])
async def test_the_gateway_stops_under_calls_and_streams(
    connect: Connect, gateway: Gateway, start_host: StartHost, client: AsyncClient, mode: str
) -> None:
    gate = Gate()
    host = await start_host(gate=gate)
    async with noticing(connect, mode) as (assistant, _):
        call = asyncio.create_task(assistant.call_tool("test-delay", {"text": "hello"}))
        await gate.entered.wait()
        await gateway.stop()
        await host.cancelled.wait()
        await asyncio.gather(call, return_exceptions=True)
    assert isinstance(call.exception(), Exception)
    assert await only_run(client) == (RunState.CANCELLED, "CANCELLED")


async def test_idle_sessions_end_and_there_are_only_so_many(start_gateway: StartGateway, address: str) -> None:
    gateway = await start_gateway(address, mcp_idle_s=1.0, mcp_max_sessions=2)
    hello = message("initialize", 1, protocolVersion="2025-11-25", capabilities={}, clientInfo=CLIENT)
    async with httpx2.AsyncClient(base_url=f"http://{gateway.address}", timeout=30, trust_env=False) as http:
        first = await open_session(http)
        # A stream keeps a session.
        async with http.stream("GET", "/mcp", headers=first):
            second = await open_session(http)
            async with http.stream("GET", "/mcp", headers=second):
                assert (await http.post("/mcp", json=hello, headers=ACCEPT)).status_code == 503
            # One that is ended makes room at once, and so does an idle one, in time.
            assert (await http.delete("/mcp", headers=second)).status_code == 200
            third = await open_session(http)
            while (opened := await http.post("/mcp", json=hello, headers=ACCEPT)).status_code == 503:
                pass
            assert opened.status_code == 200
            assert (await http.post("/mcp", json=message("ping", 2), headers=third)).status_code == 404
            assert (await http.post("/mcp", json=message("ping", 2), headers=first)).status_code == 200


async def test_pages_of_other_sites_reach_nothing_by_any_method(http: httpx2.AsyncClient, gateway: Gateway) -> None:
    headers = await open_session(http)
    for method in ("GET", "POST", "DELETE"):
        for origin in ("https://evil.example", "null", f"http://localhost:{gateway.port}"):
            foreign = await http.request(method, "/mcp", headers={**headers, "Origin": origin})
            assert (foreign.status_code, foreign.json()["error"]["reason"]) == (403, "PERMISSION_DENIED")
        rebound = await http.request(method, "/mcp", headers={**headers, "Host": "evil.example"})
        assert (rebound.status_code, rebound.json()["error"]["reason"]) == (421, "PERMISSION_DENIED")
    own = {**headers, "Origin": f"http://{gateway.address}"}
    assert (await http.post("/mcp", json=message("ping", 2), headers=own)).status_code == 200


async def test_messages_are_only_so_large(start_gateway: StartGateway, address: str) -> None:
    gateway = await start_gateway(address, max_body_bytes=4096)
    async with httpx2.AsyncClient(base_url=f"http://{gateway.address}", timeout=30, trust_env=False) as http:
        headers = await open_session(http)
        large = message("tools/call", 2, name="ask", arguments={"request": "x" * 5000})
        assert (await http.post("/mcp", json=large, headers=headers)).status_code == 413
