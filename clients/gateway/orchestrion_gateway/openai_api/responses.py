"""`/v1/responses`: decoded, answered by the platform or by one expert, and written whole or as a stream."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import aclosing
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from orchestrion import AsyncClient, OrchestrionError, Reason
from orchestrion.runs import RunKind
from orchestrion_gateway.bodies import unless_left
from orchestrion_gateway.openai_api import (
    artifact_links,
    earlier_turns,
    expert_generation,
    parameters,
    platform_generation,
    turns,
)
from orchestrion_gateway.openai_api.chat_parameters import check_platform
from orchestrion_gateway.openai_api.conversations import Continuation
from orchestrion_gateway.openai_api.generation import Began, Ending, Generation, whole
from orchestrion_gateway.openai_api.live_streams import streamed
from orchestrion_gateway.openai_api.offer import CHAT, PLATFORM, choose
from orchestrion_gateway.openai_api.response_output import ResponseWriter
from orchestrion_gateway.openai_api.response_parameters import NAMES, ResponseParameters
from orchestrion_gateway.openai_api.shared_state import OpenAiState, State

router: Final = APIRouter()

_ENDPOINT: Final = "/v1/responses"
_PREVIOUS: Final = "previous_response_id"


@router.post("/responses")
async def respond(request: Request, state: State) -> Response:
    """Answers an input, after an earlier response where one is named."""
    wanted = await parameters.read(request, ResponseParameters, state.config)
    generation = await unless_left(request, _begun(request, wanted, state))
    if wanted.truncation != "auto":
        generation = _complete(generation)
    if wanted.store is False:
        generation = _unstored(state.client, generation)
    writer = ResponseWriter(wanted)
    if wanted.stream:
        return await streamed(request, generation, writer.streamed, state)
    return JSONResponse(writer.whole(await unless_left(request, whole(generation))))


async def _begun(request: Request, wanted: ResponseParameters, state: OpenAiState) -> Generation:
    # On a thread, since files in it take a while to decode.
    said = await asyncio.to_thread(wanted.turns)
    sampling, previous = wanted.sampling(), wanted.previous_run
    client, base = state.client, artifact_links.base_of(request, state.config.public_url)
    if wanted.model == PLATFORM:
        check_platform(sampling, NAMES)
        if previous and (await client.runs.get(previous)).kind is RunKind.FULL:
            continuation = Continuation(await turns.stored(client, said), previous)
            return platform_generation.carried_out(client, continuation, base)
        if previous:
            said = (*await earlier_turns.read(client, previous, _PREVIOUS), *said)
        messages = await turns.stored(client, said)
        return platform_generation.answered(client, state.conversations, messages, base)
    performer = await choose(client, wanted.model, CHAT, _ENDPOINT)
    if previous:
        said = (*await earlier_turns.read(client, previous, _PREVIOUS), *said)
    task = expert_generation.task_of(performer, said, sampling, NAMES)
    return expert_generation.written(client, performer, task, sampling.stop, NAMES)


async def _complete(generation: Generation) -> Generation:
    """Holds a generation to `truncation: disabled`, the default: a conversation that does not fit is an error."""
    async with aclosing(generation):
        async for piece in generation:
            if isinstance(piece, Ending) and piece.omitted_turn_count:
                raise Reason.LLM_CONTEXT_EXCEEDED.error(
                    f"input: the model had no room for {piece.omitted_turn_count} of the earlier turns; truncation: "
                    "auto lets it leave them out.",
                    field="input",
                )
            yield piece


async def _unstored(client: AsyncClient, generation: Generation) -> Generation:
    """Deletes the run once it has ended, since the call wants nothing kept."""
    run = ""
    try:
        async with aclosing(generation):
            async for piece in generation:
                if isinstance(piece, Began):
                    run = piece.run
                yield piece
    finally:
        if run:
            with contextlib.suppress(OrchestrionError):
                await client.runs.delete(run)
