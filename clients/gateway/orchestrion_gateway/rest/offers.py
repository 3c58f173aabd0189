"""What the platform offers now: experts, and the task types that they perform."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import Response

from orchestrion_gateway.encoding import listing
from orchestrion_gateway.rest.shared import Gateway
from orchestrion_gateway.schemas import gives

router: Final = APIRouter(tags=["offers"])


@router.get("/experts", responses=gives("ListExpertsResponse", description="The experts, by id."))
async def experts(
    gateway: Gateway, task_type: Annotated[str, Query(description="Only experts that perform it.")] = ""
) -> Response:
    """List the experts that the hosts offer."""
    return listing(experts=await gateway.client.experts.list(task_type or None))


@router.get("/task-types", responses=gives("ListTaskTypesResponse", description="The task types, by name."))
async def task_types(gateway: Gateway) -> Response:
    """List the task types on offer: who performs each, and how soon a task of it can be carried out."""
    return listing(taskTypes=await gateway.client.task_types.list())
