"""`/v1/models`: the platform, and the experts that calls of this API can name."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from orchestrion import Expert, Reason
from orchestrion_gateway.openai_api.offer import PLATFORM, is_served, offered
from orchestrion_gateway.openai_api.shared_state import State

router: Final = APIRouter()


@router.get("/models")
async def page(state: State) -> Response:
    """Lists the models that can be named now."""
    experts = (one.expert for one in (await offered(state.client)).values())
    listed = [_described(expert) for expert in experts if is_served(expert)]
    return JSONResponse({"object": "list", "data": [_PLATFORM, *listed]})


@router.get("/models/{model:path}")
async def get(model: str, state: State) -> Response:
    """Describes a model."""
    if model == PLATFORM:
        return JSONResponse(_PLATFORM)
    chosen = (await offered(state.client)).get(model)
    if chosen is None or not is_served(chosen.expert):
        raise Reason.EXPERT_NOT_FOUND.error(f"The model {model!r} does not exist here.", field="model")
    return JSONResponse(_described(chosen.expert))


def _described(expert: Expert) -> dict[str, Any]:
    owner = expert.model.partition("/")[0] if "/" in expert.model.strip("/") else PLATFORM
    # When a model was made nobody here knows.
    described: dict[str, Any] = {
        "id": expert.id,
        "object": "model",
        "created": 0,
        "owned_by": owner or PLATFORM,
        "task_types": list(expert.task_types),
    }
    if expert.description:
        described["description"] = expert.description
    if expert.context_token_count:
        described["context_length"] = expert.context_token_count
    return described


_PLATFORM: Final = {
    "id": PLATFORM,
    "object": "model",
    "created": 0,
    "owned_by": PLATFORM,
    "description": "Plans what is asked, has experts carry it out, and answers; in calls of one task, the best expert.",
}
