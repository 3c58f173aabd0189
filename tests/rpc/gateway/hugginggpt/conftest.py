"""A gateway that JARVIS' web app may call, before a host that reads, speaks and draws edges."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import httpx2
import pytest

from orchestrion import ArtifactRef, AsyncClient, Json
from orchestrion.values import Value
from orchestrion_controller.server import Controller
from orchestrion_gateway.server import Gateway
from tests.rpc.controller.conftest import StartController, StartHost, address, client, start_controller, start_host
from tests.rpc.controller.scripted_host import ScriptedHost
from tests.rpc.gateway.conftest import StartGateway, start_gateway
from tests.rpc.gateway.hugginggpt.jarvis import ORIGIN, WebApp

__all__ = ["address", "client", "start_controller", "start_gateway", "start_host"]

SPEECH = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(28)
EDGES = b"\x89PNG\r\n\x1a\n" + b"edges".ljust(32, b"\0")


@pytest.fixture
async def controller(start_controller: StartController) -> Controller:
    """One that keeps a scripted host, which reports once, however long the planner takes to be loaded."""
    return await start_controller(lease_ms=600_000)


@pytest.fixture
async def gateway(start_gateway: StartGateway, address: str) -> Gateway:
    return await start_gateway(address, allowed_origins=(ORIGIN,))


@pytest.fixture
async def http(gateway: Gateway) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=f"http://{gateway.address}", timeout=30, trust_env=False) as http:
        yield http


@pytest.fixture
def app(http: httpx2.AsyncClient) -> WebApp:
    return WebApp(http)


@pytest.fixture
async def host(start_host: StartHost, client: AsyncClient) -> ScriptedHost:
    """A host with an expert for each of three task types; it makes the same files whatever it is given."""
    speech = await client.artifacts.upload(SPEECH, media_type="audio/wav", file_name="speech.wav")
    edges = await client.artifacts.upload(EDGES, media_type="image/png", file_name="edges.png")

    async def read(_: Mapping[str, Value]) -> Mapping[str, Value]:
        return {"text": "Mind the gap", "lines": Json([{"text": "Mind the gap", "score": 1.0, "page": 1}])}

    async def speak(_: Mapping[str, Value]) -> Mapping[str, Value]:
        return {"audio": ArtifactRef(speech.name)}

    async def draw(_: Mapping[str, Value]) -> Mapping[str, Value]:
        return {"image": ArtifactRef(edges.name)}

    host = await start_host(reader=read, voice=speak, canny=draw)
    host.facts = {
        "reader": {"task_types": ("image-to-text",), "default_for": ("image-to-text",)},
        "voice": {"task_types": ("text-to-speech",), "default_for": ("text-to-speech",)},
        "canny": {"task_types": ("canny-control",), "default_for": ("canny-control",)},
    }
    await host.report()
    return host
