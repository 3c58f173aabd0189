"""Whether the gateway serves, and whether its controller does: for those who supervise it."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response

from orchestrion_gateway.rest.shared import Gateway

router: Final = APIRouter(include_in_schema=False)

_CONTROLLER_S: Final = 2.0


@router.get("/healthz")
async def live() -> Response:
    """Says that the process serves."""
    return PlainTextResponse("ok\n")


@router.get("/readyz")
async def ready(gateway: Gateway) -> Response:
    """Says whether the controller answers."""
    await gateway.client.hosts.list(timeout=_CONTROLLER_S)
    return PlainTextResponse("ok\n")
