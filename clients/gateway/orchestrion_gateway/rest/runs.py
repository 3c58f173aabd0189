"""Runs: created, watched, approved, cancelled, deleted."""

from __future__ import annotations

from contextlib import aclosing
from typing import Annotated, Final

from fastapi import APIRouter, Header, Path, Query, Request
from fastapi.responses import JSONResponse, Response

from orchestrion import OnDetach, Reason, from_json
from orchestrion.requests import ApprovePlanRequest, RunRequest
from orchestrion_gateway.bodies import read_json, unless_left
from orchestrion_gateway.encoding import listing, response_of
from orchestrion_gateway.rest import run_events
from orchestrion_gateway.rest.shared import Gateway, PageSize, PageToken, TimeoutS, wants_events
from orchestrion_gateway.schemas import gives, streams, takes

router: Final = APIRouter(tags=["runs"])

RunId = Annotated[str, Path(description="The name of the run without `runs/`.")]


@router.post("/runs", status_code=201, openapi_extra=takes("RunRequest"), responses=gives("Run", 201, "It goes on."))
async def create(request: Request, gateway: Gateway, timeout_s: TimeoutS = None) -> Response:
    """Create a run, and answer with its name at once; or, with `Accept: text/event-stream`, with its events.

    A run whose `options.onDetach` is not CONTINUE is cancelled unless somebody reads its events within its grace.
    """
    wanted = from_json(await read_json(request, gateway.config.max_body_bytes), RunRequest)
    settings = wanted.settings()
    events = gateway.client.run(wanted.messages, timeout=timeout_s, **settings)
    if wants_events(request):
        return await run_events.stream(events, gateway.streams)
    if settings.get("detach_grace_ms") == 0 and settings.get("on_detach") is not OnDetach.CONTINUE:
        raise Reason.INVALID_FIELD.error(
            "options.detach_grace_ms: with 0 the run would be cancelled before anybody could watch it; ask for its "
            "events in the same call, with Accept: text/event-stream, or let it CONTINUE.",
            field="options.detach_grace_ms",
        )
    async with aclosing(events):
        name = (await anext(events)).run
    return JSONResponse({"name": name}, 201, {"Location": f"/api/v1/{name}"})


@router.get("/runs", responses=gives("ListRunsResponse", description="The runs, newest first."))
async def page(gateway: Gateway, page_size: PageSize = 100, page_token: PageToken = "") -> Response:
    """List runs, newest first, without plans, assignments and results."""
    runs = await gateway.client.runs.list(page_size, page_token)
    return listing(runs.next_page_token, runs=runs.items)


@router.get("/runs/{run}", responses=gives("Run", description="The run as far as it is."))
async def get(run: RunId, gateway: Gateway) -> Response:
    """Get a run as far as it is."""
    return response_of(await gateway.client.runs.get(f"runs/{run}"))


@router.delete("/runs/{run}", status_code=204)
async def delete(run: RunId, gateway: Gateway) -> Response:
    """Delete a run that has ended, with its log; artifacts stay."""
    await gateway.client.runs.delete(f"runs/{run}")
    return Response(status_code=204)


@router.get("/runs/{run}/events", responses=streams("The events; 204 where all of them were seen."))
async def watch(
    run: RunId,
    gateway: Gateway,
    after: Annotated[int, Query(ge=0, description="The number of the last event already seen.")] = 0,
    last_event_id: Annotated[
        str | None, Header(description="What browsers send when they come back; it goes before `after`.")
    ] = None,
) -> Response:
    """Watch a run: first what is in its log, then what happens, to its end.

    `id` is the number of the event, `event` the name of its payload, `data` the event. Progress, previews and pieces of
    text have no number and are not replayed. `stream_failed` ends a stream that cannot go on.
    """
    if last_event_id:
        if not last_event_id.isdecimal():
            raise Reason.INVALID_FIELD.error(f"Last-Event-ID: {last_event_id!r} is no number.", field="Last-Event-ID")
        after = int(last_event_id)
    return await run_events.stream(gateway.client.runs.watch(f"runs/{run}", after), gateway.streams)


@router.post("/runs/{run}:cancel", responses=gives("Run", description="The run, which has ended."))
async def cancel(run: RunId, request: Request, gateway: Gateway) -> Response:
    """Cancel a run, and wait until it has ended."""
    await read_json(request, gateway.config.max_body_bytes)
    return response_of(await unless_left(request, gateway.client.runs.cancel(f"runs/{run}")))


@router.post(
    "/runs/{run}:approve",
    openapi_extra=takes("ApprovePlanRequest", required=False),
    responses=gives("Run", description="The run, which goes on."),
)
async def approve(run: RunId, request: Request, gateway: Gateway) -> Response:
    """Approve the plan of a run that waits for it: as it was shown, or the edited one of the body."""
    text = await read_json(request, gateway.config.max_body_bytes)
    wanted = from_json(text or "{}", ApprovePlanRequest)
    name = f"runs/{run}"
    if wanted.name not in {"", name}:
        raise Reason.INVALID_FIELD.error(f"name: {wanted.name} is not the run of the address, {name}.", field="name")
    return response_of(await gateway.client.runs.approve(name, wanted.plan, request_id=wanted.request_id))
