"""What the gateway counts and times: every call under the pattern of its route, never under its address."""

from __future__ import annotations

import asyncio
import platform
from importlib.metadata import version

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from orchestrion_controller.server import Controller
from orchestrion_gateway.server import Gateway
from tests.rpc.client.proxy import Proxy
from tests.rpc.controller.conftest import StartHost
from tests.rpc.controller.scripted_host import Gate
from tests.rpc.gateway.conftest import StartGateway
from tests.rpc.gateway.server_events import collect, events_of, until
from tests.rpc.gateway.test_runs import ONE, STREAM, wanted

WATCH = "/api/v1/runs/{run}/events"
PREFIX = "orchestrion_gateway_"


class Scraped:
    """The samples of one reading."""

    def __init__(self, text: str) -> None:
        self._samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]

    def value(self, name: str, **labels: str) -> float:
        """Sums the samples of a name that have these labels."""
        return sum(
            sample.value
            for sample in self._samples
            if sample.name == PREFIX + name and labels.items() <= sample.labels.items()
        )

    def labels(self, name: str, label: str) -> set[str]:
        return {sample.labels[label] for sample in self._samples if sample.name == PREFIX + name}


async def scrape(gateway: Gateway) -> Scraped:
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as http:
        return Scraped((await http.get(f"http://{gateway.metrics_address}/metrics")).text)


async def test_calls_are_counted_by_route_method_and_status(http: httpx2.AsyncClient, gateway: Gateway) -> None:
    for path in ("/api/v1/runs/a", "/api/v1/runs/b", "/api/v1/runs/c"):
        assert (await http.get(path)).status_code == 404
    sent = [await http.get("/api/v1/hosts"), await http.request("WHATEVER", "/healthz"), await http.get("/nowhere/x")]
    refused = await http.get("/healthz", headers={"Host": "elsewhere.example"})
    body = b'{"messages": []}'
    wrong = await http.post("/api/v1/runs", content=body, headers={"Content-Type": "application/json"})
    await http.get("/docs/files/swagger-ui.css")

    scraped = await scrape(gateway)

    assert scraped.value("requests_total", method="GET", route="/api/v1/runs/{run}", code="404") == 3
    assert scraped.value("request_seconds_count", method="GET", route="/api/v1/runs/{run}") == 3
    assert scraped.value("requests_total", method="GET", route="/api/v1/hosts", code="200") == 1
    assert scraped.value("requests_total", method="other", code=str(sent[1].status_code)) == 1
    assert scraped.value("requests_total", route="none", code="404") == 1
    assert scraped.value("requests_total", route="none", code=str(refused.status_code)) == 1
    assert scraped.value("requests_total", method="POST", route="/api/v1/runs", code=str(wrong.status_code)) == 1
    assert scraped.value("requests_total", route="/docs/files") == 1
    assert scraped.value("body_bytes_total", direction="received") == len(body)
    assert scraped.value("body_bytes_total", direction="sent") > len(sent[0].content)
    assert scraped.value("build_info", version=version("orchestrion"), python=platform.python_version()) == 1
    assert "WHATEVER" not in scraped.labels("requests_total", "method")


async def test_streams_are_counted_while_they_go_on(
    http: httpx2.AsyncClient, gateway: Gateway, start_host: StartHost
) -> None:
    gate = Gate()
    host = await start_host(gate=gate)
    name = (await http.post("/api/v1/runs", json=wanted(ONE))).json()["name"]
    async with (
        http.stream("GET", f"/api/v1/{name}/events") as one,
        http.stream("GET", f"/api/v1/{name}/events") as other,
    ):
        events, others = events_of(one), events_of(other)
        await until(events, "task_started")
        await until(others, "task_started")
        going = await scrape(gateway)
        assert going.value("streams_open", route=WATCH) == 2
        assert going.value("requests_open") == 2
        assert going.value("requests_total", route=WATCH) == 0
        gate.open.set()
        await until(events, "run_finished")
    # One whose only reader vanishes ends, and is counted as ended.
    gate.open.clear()
    body = wanted(ONE, options={"detachGraceMs": "0"})
    async with http.stream("POST", "/api/v1/runs", json=body, headers=STREAM) as response:
        events = events_of(response)
        await until(events, "task_started")
    await host.cancelled.wait()
    await collect(await http.get(f"/api/v1/{name}/events"))

    ended = await scrape(gateway)

    assert (ended.value("streams_open"), ended.value("requests_open")) == (0, 0)
    assert ended.value("requests_total", route=WATCH, code="200") == 3
    assert ended.value("request_seconds_count", route=WATCH) == 3
    assert ended.value("requests_total", route="/api/v1/runs", method="POST", code="200") == 1


async def test_whoever_leaves_before_the_answer_is_counted_as_such(
    http: httpx2.AsyncClient, gateway: Gateway, start_host: StartHost
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(b"POST /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nhalf")
    await writer.drain()
    writer.close()
    assert await reader.read() == b""
    # Its connection was served before this one.
    await http.get("/healthz")
    assert (await scrape(gateway)).value("requests_total", route="/api/v1/runs", code="499") == 1


async def health_page(gateway: Gateway, path: str) -> tuple[int, str]:
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as http:
        answer = await http.get(f"http://{gateway.metrics_address}{path}")
    return answer.status_code, answer.text


async def test_a_gateway_without_its_controller_is_alive_and_not_ready(
    controller: Controller, start_gateway: StartGateway
) -> None:
    async with Proxy(controller.grpc_port) as proxy:
        gateway = await start_gateway(proxy.address)
        assert await health_page(gateway, "/readyz") == (200, "ok\n")
        assert (await scrape(gateway)).value("ready") == 1
    status, text = await health_page(gateway, "/readyz")
    assert status == 503
    assert text.startswith(f"The controller at {proxy.address} does not answer: ")
    assert (await scrape(gateway)).value("ready") == 0
    assert await health_page(gateway, "/healthz") == (200, "ok\n")
