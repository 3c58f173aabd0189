"""The models of a host: listed, searched on the Hub, added, removed, pulled, exported, brought up to date."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from orchestrion import AsyncClient, AsyncHostClient, ModelProgress, Reason, from_json, to_json
from orchestrion.requests import AddModelRequest
from orchestrion_gateway.bodies import read_json, unless_left
from orchestrion_gateway.encoding import listing, response_of
from orchestrion_gateway.rest.hosts import ExpertId, HostId
from orchestrion_gateway.rest.shared import Gateway
from orchestrion_gateway.schemas import gives, streams, takes
from orchestrion_gateway.streaming import event_stream, framed

router: Final = APIRouter(tags=["models"])

TaskTypeName = Annotated[str, Query(description="The name of a task type.")]

_PROGRESS: Final = streams("`model_progress` for each step; the last one has `expert`, as it is registered then.")


@router.get(
    "/hosts/{host}/models", responses=gives("ListModelsResponse", description="The models, and profiles of them.")
)
async def page(
    host: HostId,
    gateway: Gateway,
    task_type: TaskTypeName = "",
    profile: Annotated[str, Query(description="Only models of this bundle.")] = "",
) -> Response:
    """List the catalogue of a host, also what it does not offer yet."""
    async with await gateway.client.hosts.connect(f"hosts/{host}") as connection:
        catalogue = await connection.models.list(task_type, profile=profile)
    return listing(models=catalogue.models, profiles=catalogue.profiles)


@router.get(
    "/hosts/{host}/models:search",
    responses=gives("SearchModelsResponse", description="Models on the Hub, those with the most downloads first."),
)
async def search(
    *,
    host: HostId,
    request: Request,
    gateway: Gateway,
    task_type: TaskTypeName,
    text: Annotated[str, Query(description="Words that the id must contain.")] = "",
    limit: Annotated[int, Query(ge=1, le=100, description="How many at most.")] = 20,
) -> Response:
    """Search the Hub for models of a task type."""
    async with await gateway.client.hosts.connect(f"hosts/{host}") as connection:
        models = await unless_left(request, connection.models.search(task_type, text, limit=limit))
    return listing(models=models)


@router.post(
    "/hosts/{host}/models:add",
    status_code=201,
    openapi_extra=takes("AddModelRequest"),
    responses=gives("Expert", 201, "The expert as it is registered; its files are not there yet."),
)
async def add(host: HostId, request: Request, gateway: Gateway) -> Response:
    """Add a model of the Hub, or of a folder of the host, to its catalogue; `:pull` fetches its files."""
    wanted = from_json(await read_json(request, gateway.config.max_body_bytes), AddModelRequest)
    if not wanted.model:
        raise Reason.INVALID_FIELD.error("model: there is none to add.", field="model")
    async with await gateway.client.hosts.connect(f"hosts/{host}") as connection:
        expert = await unless_left(request, connection.models.add(wanted.model, **wanted.settings()))
    return response_of(expert, 201)


@router.delete("/hosts/{host}/models/{expert}", status_code=204)
async def remove(host: HostId, expert: ExpertId, gateway: Gateway) -> Response:
    """Remove a model: its files where no other expert uses them, and its entry where it was added."""
    async with await gateway.client.hosts.connect(f"hosts/{host}") as connection:
        await connection.models.remove(expert)
    return Response(status_code=204)


@router.post("/hosts/{host}/models/{expert}:pull", responses=_PROGRESS)
async def pull(host: HostId, expert: ExpertId, request: Request, gateway: Gateway) -> Response:
    """Fetch and check the files of a model; who leaves ends the work, and the next pull goes on from there."""
    await read_json(request, gateway.config.max_body_bytes)
    progress = _progress(gateway.client, f"hosts/{host}", lambda connection: connection.models.pull(expert))
    return await event_stream(progress, _frame, gateway.streams)


@router.post("/hosts/{host}/models/{expert}:export", responses=_PROGRESS)
async def export(
    host: HostId, expert: ExpertId, request: Request, gateway: Gateway, task_type: TaskTypeName = ""
) -> Response:
    """Export a PyTorch model to ONNX, check and measure it; who leaves ends the work."""
    await read_json(request, gateway.config.max_body_bytes)
    progress = _progress(
        gateway.client, f"hosts/{host}", lambda connection: connection.models.export(expert, task_type)
    )
    return await event_stream(progress, _frame, gateway.streams)


@router.post("/hosts/{host}/models:refresh", responses=_PROGRESS)
async def refresh(
    host: HostId,
    request: Request,
    gateway: Gateway,
    expert: Annotated[
        list[str] | None,
        Query(description="The ids of the experts; all whose model is on the Hub where it is left out."),
    ] = None,
) -> Response:
    """Bring downloads, likes, licences and sizes of models up to date from the Hub."""
    await read_json(request, gateway.config.max_body_bytes)
    progress = _progress(gateway.client, f"hosts/{host}", lambda connection: connection.models.refresh(expert or ()))
    return await event_stream(progress, _frame, gateway.streams)


async def _progress(
    client: AsyncClient, host: str, work: Callable[[AsyncHostClient], AsyncGenerator[ModelProgress, None]]
) -> AsyncGenerator[ModelProgress, None]:
    async with await client.hosts.connect(host) as connection, aclosing(work(connection)) as steps:
        async for progress in steps:
            yield progress


def _frame(progress: ModelProgress) -> bytes:
    return framed("model_progress", to_json(progress))
