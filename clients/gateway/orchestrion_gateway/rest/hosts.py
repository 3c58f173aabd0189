"""Model hosts: listed, watched; their experts loaded, unloaded, pinned."""

from __future__ import annotations

import json
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from orchestrion import Host, HostRemoved, to_json
from orchestrion_gateway.bodies import read_json, unless_left
from orchestrion_gateway.encoding import listing, response_of
from orchestrion_gateway.rest.shared import Gateway
from orchestrion_gateway.schemas import gives, streams
from orchestrion_gateway.streaming import event_stream, framed

router: Final = APIRouter(tags=["hosts"])

HostId = Annotated[str, Path(description="The name of the host without `hosts/`.")]
ExpertId = Annotated[str, Path(description="The id of the expert.")]
_STATUS: Final = gives("ExpertStatus", description="The expert as it is on the host now.")


@router.get("/hosts", responses=gives("ListHostsResponse", description="The hosts, by name."))
async def page(gateway: Gateway) -> Response:
    """List the model hosts: their devices, their experts and what each of them does."""
    return listing(hosts=await gateway.client.hosts.list())


@router.get("/hosts:watch", responses=streams("`host` for each host, then each as it changes; `host_removed`."))
async def watch(gateway: Gateway) -> Response:
    """Watch the model hosts; the stream has no end of its own."""
    return await event_stream(gateway.client.hosts.watch(), _frame, gateway.streams)


@router.get("/hosts/{host}", responses=gives("Host", description="The host as it is now."))
async def get(host: HostId, gateway: Gateway) -> Response:
    """Get a host as it says itself that it is."""
    async with await gateway.client.hosts.connect(f"hosts/{host}") as connection:
        return response_of(await connection.get())


@router.post("/hosts/{host}/experts/{expert}:load", responses=_STATUS)
async def load(host: HostId, expert: ExpertId, request: Request, gateway: Gateway) -> Response:
    """Load an expert, and answer when it is loaded."""
    await read_json(request, gateway.config.max_body_bytes)
    async with await gateway.client.hosts.connect(f"hosts/{host}") as connection:
        return response_of(await unless_left(request, connection.experts.load(expert)))


@router.post("/hosts/{host}/experts/{expert}:unload", responses=_STATUS)
async def unload(host: HostId, expert: ExpertId, request: Request, gateway: Gateway) -> Response:
    """Unload an expert after what it computes."""
    await read_json(request, gateway.config.max_body_bytes)
    async with await gateway.client.hosts.connect(f"hosts/{host}") as connection:
        return response_of(await unless_left(request, connection.experts.unload(expert)))


@router.post("/hosts/{host}/experts/{expert}:pin", responses=_STATUS)
async def pin(host: HostId, expert: ExpertId, request: Request, gateway: Gateway) -> Response:
    """Load an expert and keep it loaded, also after a restart of the host."""
    await read_json(request, gateway.config.max_body_bytes)
    async with await gateway.client.hosts.connect(f"hosts/{host}") as connection:
        return response_of(await unless_left(request, connection.experts.pin(expert)))


@router.post("/hosts/{host}/experts/{expert}:unpin", responses=_STATUS)
async def unpin(host: HostId, expert: ExpertId, request: Request, gateway: Gateway) -> Response:
    """End a pin; the expert stays loaded until its memory is wanted."""
    await read_json(request, gateway.config.max_body_bytes)
    async with await gateway.client.hosts.connect(f"hosts/{host}") as connection:
        return response_of(await unless_left(request, connection.experts.pin(expert, pinned=False)))


def _frame(change: Host | HostRemoved) -> bytes:
    if isinstance(change, HostRemoved):
        return framed("host_removed", json.dumps({"name": change.name}))
    return framed("host", to_json(change))
