"""`/v1/chat/completions`: decoded, answered by the platform or by one expert, and written whole or as a stream."""

from __future__ import annotations

import asyncio
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from orchestrion_gateway.bodies import unless_left
from orchestrion_gateway.openai_api import (
    artifact_links,
    chat_output,
    expert_generation,
    parameters,
    platform_generation,
    turns,
)
from orchestrion_gateway.openai_api.chat_parameters import ChatCompletionParameters, check_platform
from orchestrion_gateway.openai_api.generation import Generation, whole
from orchestrion_gateway.openai_api.live_streams import streamed
from orchestrion_gateway.openai_api.offer import CHAT, PLATFORM, choose
from orchestrion_gateway.openai_api.shared_state import OpenAiState, State

router: Final = APIRouter()

_ENDPOINT: Final = "/v1/chat/completions"


@router.post("/chat/completions")
async def complete(request: Request, state: State) -> Response:
    """Answers a conversation."""
    wanted = await parameters.read(request, ChatCompletionParameters, state.config)
    generation = await unless_left(request, _begun(request, wanted, state))
    if wanted.stream:
        include_usage = wanted.stream_options is not None and bool(wanted.stream_options.include_usage)
        output = chat_output.Chunks(wanted.model, include_usage=include_usage)
        return await streamed(request, generation, output.written, state)
    answer = await unless_left(request, whole(generation))
    return JSONResponse(chat_output.completion(wanted.model, answer))


async def _begun(request: Request, wanted: ChatCompletionParameters, state: OpenAiState) -> Generation:
    # On a thread, since files in it take a while to decode.
    said = await asyncio.to_thread(turns.read, wanted.messages, "messages")
    sampling = wanted.sampling()
    if wanted.model == PLATFORM:
        check_platform(sampling, wanted.names)
        messages = await turns.stored(state.client, said)
        return platform_generation.answered(
            state.client, state.conversations, messages, artifact_links.base_of(request, state.config.public_url)
        )
    performer = await choose(state.client, wanted.model, CHAT, _ENDPOINT)
    task = expert_generation.task_of(performer, said, sampling, wanted.names)
    return expert_generation.written(state.client, performer, task, sampling.stop, wanted.names)
