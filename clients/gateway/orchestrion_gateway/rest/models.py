"""The models of a host: listed, searched on the Hub, pulled."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from orchestrion import AsyncClient, ModelProgress, to_json
from orchestrion_gateway.bodies import read_json, unless_left
from orchestrion_gateway.encoding import listing
from orchestrion_gateway.rest.hosts import ExpertId, HostId
from orchestrion_gateway.rest.shared import Gateway
from orchestrion_gateway.schemas import gives, streams
from orchestrion_gateway.streaming import event_stream, framed

router: Final = APIRouter(tags=["models"])

TaskTypeName = Annotated[str, Query(description="The name of a task type.")]


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
    "/hosts/{host}/models/{expert}:pull",
    responses=streams("`model_progress` for each step; the last one has `expert`, as it is registered then."),
)
async def pull(host: HostId, expert: ExpertId, request: Request, gateway: Gateway) -> Response:
    """Fetch and check the files of a model; who leaves ends the work, and the next pull goes on from there."""
    await read_json(request, gateway.config.max_body_bytes)
    return await event_stream(_pulled(gateway.client, f"hosts/{host}", expert), _frame, gateway.streams)


async def _pulled(client: AsyncClient, host: str, expert: str) -> AsyncGenerator[ModelProgress, None]:
    async with await client.hosts.connect(host) as connection, aclosing(connection.models.pull(expert)) as pulled:
        async for progress in pulled:
            yield progress


def _frame(progress: ModelProgress) -> bytes:
    return framed("model_progress", to_json(progress))
