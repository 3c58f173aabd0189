"""`/v1/embeddings`: texts as vectors."""

from __future__ import annotations

import asyncio
import base64
import math
import struct
from collections.abc import Sequence
from typing import Any, Final, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from orchestrion import Json, Reason, Task
from orchestrion.values import Value
from orchestrion_gateway.bodies import unless_left
from orchestrion_gateway.openai_api import parameters
from orchestrion_gateway.openai_api.offer import EMBEDDINGS, choose
from orchestrion_gateway.openai_api.parameters import Parameters, unsupported
from orchestrion_gateway.openai_api.shared_state import OpenAiState, State
from orchestrion_gateway.openai_api.watched_runs import performed

router: Final = APIRouter()

_MOST_TEXTS: Final = 2_048
_CHARACTERS_A_TOKEN: Final = 4


class EmbeddingParameters(Parameters):
    """What is used of a call of `/v1/embeddings`."""

    model: str
    input: Any
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: int | None = None


@router.post("/embeddings")
async def embed(request: Request, state: State) -> Response:
    """Returns a vector for each text."""
    wanted = await parameters.read(request, EmbeddingParameters, state.config)
    texts = _texts(wanted.input)
    vectors = await unless_left(request, _vectors(wanted, texts, state))
    content = await asyncio.to_thread(_written, vectors, wanted.encoding_format)
    # The API requires counts; experts count no tokens here, so they are estimates, as the documentation says.
    tokens = sum(max(1, math.ceil(len(text) / _CHARACTERS_A_TOKEN)) for text in texts)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return JSONResponse({"object": "list", "model": wanted.model, "data": content, "usage": usage})


async def _vectors(wanted: EmbeddingParameters, texts: Sequence[str], state: OpenAiState) -> list[list[float]]:
    performer = await choose(state.client, wanted.model, EMBEDDINGS, "/v1/embeddings")
    task = Task("embed", performer.task_type, {"text": tuple(texts)})
    (outputs,) = await performed(state.client, [task], performer, {"text": "input"})
    folded = outputs.get("embedding")
    vectors = [_vector(item) for item in folded] if isinstance(folded, tuple) else []
    if len(vectors) != len(texts):
        raise Reason.EXPERT_FAILED.error(f"The expert returned {len(vectors)} vectors for {len(texts)} texts.")
    for vector in vectors:
        if wanted.dimensions is not None and len(vector) != wanted.dimensions:
            message = f"dimensions: this model's vectors have {len(vector)}, and are not shortened; leave it out."
            raise unsupported("dimensions", message)
    return vectors


def _texts(value: Any) -> list[str]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        problem = "it must be a text or a list of texts; tokens are of a tokenizer that models here do not share"
        raise Reason.INVALID_FIELD.error(f"input: {problem}.", field="input")
    if not 1 <= len(texts) <= _MOST_TEXTS or "" in texts:
        raise Reason.INVALID_FIELD.error(f"input: 1 to {_MOST_TEXTS:,} texts are taken, none empty.", field="input")
    return texts


def _vector(value: Value) -> list[float]:
    if not isinstance(value, Json) or not isinstance(value.data, list):
        raise Reason.EXPERT_FAILED.error("The expert returned something else than a vector.")
    return value.data


def _written(vectors: Sequence[list[float]], encoding: str | None) -> list[dict[str, Any]]:
    return [
        {"object": "embedding", "index": place, "embedding": _encoded(vector) if encoding == "base64" else vector}
        for place, vector in enumerate(vectors)
    ]


def _encoded(vector: Sequence[float]) -> str:
    """Writes a vector as OpenAI does: 32-bit floats, little-endian, in base64."""
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode("ascii")
