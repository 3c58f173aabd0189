"""Plans without runs: made, and checked."""

from __future__ import annotations

import json
from contextlib import aclosing
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from orchestrion import Reason, from_json, to_json
from orchestrion.events import PlanFinished
from orchestrion.requests import PlanRequest, SelectRequest
from orchestrion_gateway.bodies import read_json, unless_left
from orchestrion_gateway.encoding import listing
from orchestrion_gateway.rest import run_events
from orchestrion_gateway.rest.shared import Gateway, Shared, TimeoutS, wants_events
from orchestrion_gateway.schemas import gives, takes

router: Final = APIRouter(tags=["plans"])


@router.post(
    "/plans",
    openapi_extra=takes("PlanRequest"),
    responses=gives("PlanFinished", description="The plan, and `run`, the name of the run that made it."),
)
async def make(request: Request, gateway: Gateway, timeout_s: TimeoutS = None) -> Response:
    """Plan a request without carrying it out; with `Accept: text/event-stream` the answer is the events.

    The plan may be edited, and carried out as the `plan` of a run.
    """
    wanted = from_json(await read_json(request, gateway.config.max_body_bytes), PlanRequest)
    if wants_events(request):
        events = gateway.client.plan(wanted.messages, timeout=timeout_s, **wanted.settings())
        return await run_events.stream(events, gateway.streams)
    return JSONResponse(await unless_left(request, _planned(gateway, wanted, timeout_s)))


@router.post(
    "/plans:check",
    openapi_extra=takes("SelectRequest"),
    responses={200: {"description": "`assignments`, the experts that would perform the tasks."}},
)
async def check(request: Request, gateway: Gateway, timeout_s: TimeoutS = None) -> Response:
    """Check a plan against the rules, and tell the experts that would perform it; nothing is executed."""
    wanted = from_json(await read_json(request, gateway.config.max_body_bytes), SelectRequest)
    if wanted.plan is None:
        raise Reason.INVALID_FIELD.error("plan: there is none to check.", field="plan")
    checking = gateway.client.check_plan(wanted.plan, timeout=timeout_s, **wanted.settings())
    return listing(assignments=await unless_left(request, checking))


async def _planned(gateway: Shared, wanted: PlanRequest, timeout_s: float | None) -> dict[str, Any]:
    """Follows the planning to its end, also where the planner does not do all: then the error says what."""
    planned: dict[str, Any] = {}
    async with aclosing(gateway.client.plan(wanted.messages, timeout=timeout_s, **wanted.settings())) as events:
        async for event in events:
            if isinstance(event.payload, PlanFinished):
                planned = {**json.loads(to_json(event.payload)), "run": event.run}
    return planned
