"""Clients of the official library, over HTTP, in front of a real gateway, a real controller and scripted hosts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import httpx2
import pytest
from mcp import Client

from orchestrion import ArtifactRef, AsyncClient, Json, Sound
from orchestrion.experts import AcceptedValues
from orchestrion.plans import Parameter, ParameterKind, TaskType
from orchestrion.values import Value
from orchestrion_gateway.server import Gateway
from tests.rpc.controller.conftest import StartHost
from tests.rpc.controller.scripted_host import ScriptedHost
from tests.rpc.gateway.conftest import (
    address,
    client,
    controller,
    gateway,
    http,
    start_controller,
    start_gateway,
    start_host,
)

__all__ = ["address", "client", "controller", "gateway", "http", "start_controller", "start_gateway", "start_host"]

LEGACY = "legacy"
MODERN = "2026-07-28"
"""The two generations of the protocol: with a handshake and sessions, and without."""

CLIENT = {"name": "test", "version": "1"}
ACCEPT = {"Accept": "application/json, text/event-stream"}

Connect = Callable[..., Client]

POSTER = TaskType(
    "poster-making",
    "Makes a poster.",
    inputs=(
        Parameter("picture", ParameterKind.IMAGE, "What is on it."),
        Parameter("style", ParameterKind.TEXT, "How it looks.", choices=("plain", "loud", "baroque")),
        Parameter("copies", ParameterKind.NUMBER, "How many.", optional=True, minimum=1, maximum=9),
        Parameter("words", ParameterKind.TEXT, "What stands on it.", optional=True, repeated=True),
        Parameter("framed", ParameterKind.BOOLEAN, "Whether it has a frame.", optional=True),
        Parameter("layout", ParameterKind.JSON, "Where things are.", optional=True),
        Parameter("scent", ParameterKind.TEXT, "How it smells.", optional=True),
    ),
    outputs=(
        Parameter("poster", ParameterKind.IMAGE, "The poster."),
        Parameter("jingle", ParameterKind.AUDIO, "Its sound."),
        Parameter("sheets", ParameterKind.DOCUMENT, "All copies.", repeated=True),
        Parameter("count", ParameterKind.NUMBER, "How many copies there are."),
        Parameter("layout", ParameterKind.JSON, "Where things are.", optional=True),
    ),
)
"""A task type with inputs and outputs of each kind."""


@pytest.fixture
def connect(gateway: Gateway) -> Connect:
    """Makes clients, by either generation of the protocol."""

    def connect(mode: str = MODERN, **settings: object) -> Client:
        url = f"http://{gateway.address}/mcp"
        return Client(url, mode=mode, read_timeout_seconds=30, **settings)  # type: ignore[arg-type]  # As a test needs.

    return connect


@pytest.fixture
async def poster_host(start_host: StartHost, client: AsyncClient) -> ScriptedHost:
    """A host whose expert makes posters: the picture itself, a sound, and files."""

    async def make(inputs: Mapping[str, Value]) -> Mapping[str, Value]:
        sound = await client.artifacts.upload(Sound([0.0] * 800, 8_000), file_name="jingle.wav")
        sheet = await client.artifacts.upload(b"a;b\n1;2\n", media_type="text/csv", file_name="sheet.csv")
        return {
            "poster": inputs["picture"],
            "jingle": ArtifactRef(sound.name),
            "sheets": (ArtifactRef(sheet.name), ArtifactRef(sheet.name)),
            "count": inputs.get("copies", 1.0),
            "layout": inputs.get("layout", Json({"x": 1, "y": [0.5]})),
        }

    host = await start_host("posters", poster=make)
    host.task_types = (POSTER,)
    accepts = (AcceptedValues("style", ("plain", "loud")), AcceptedValues("scent", ()))
    host.facts = {"poster": {"task_types": ("poster-making",), "accepts": accepts, "languages": ("en", "de")}}
    await host.report()
    return host


async def names_of(assistant: Client) -> list[str]:
    """The names of the tools that a client is shown."""
    return [tool.name for tool in (await assistant.list_tools()).tools]


def message(method: str, number: int | None, **params: object) -> dict[str, object]:
    """A message of the protocol with a handshake."""
    named = {} if number is None else {"id": number}
    return {"jsonrpc": "2.0", "method": method, "params": params, **named}


async def open_session(http: httpx2.AsyncClient) -> dict[str, str]:
    """Opens a session by hand, and returns the headers of its further requests."""
    hello = message("initialize", 1, protocolVersion="2025-11-25", capabilities={}, clientInfo=CLIENT)
    opened = await http.post("/mcp", json=hello, headers=ACCEPT)
    assert opened.status_code == 200, opened.text
    headers = {**ACCEPT, "Mcp-Session-Id": opened.headers["mcp-session-id"], "Mcp-Protocol-Version": "2025-11-25"}
    done = await http.post("/mcp", json=message("notifications/initialized", None), headers=headers)
    assert done.status_code == 202
    return headers
