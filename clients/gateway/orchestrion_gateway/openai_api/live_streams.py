"""Streams of this API: what fails before the first piece has a status, what fails later is the last thing sent."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

from fastapi import Request
from fastapi.responses import Response

from orchestrion_gateway.bodies import unless_left
from orchestrion_gateway.openai_api.generation import GeneratedPiece, Generation
from orchestrion_gateway.openai_api.shared_state import OpenAiState
from orchestrion_gateway.streaming import EVENT_STREAM, LiveResponse


async def streamed(
    request: Request,
    generation: Generation,
    write: Callable[[Generation], AsyncGenerator[bytes, None]],
    state: OpenAiState,
) -> Response:
    """Makes the response of a generation; a reader that leaves ends it.

    Args:
        request: The call, whose body has been read.
        generation: What is said; closed with the response.
        write: Writes it as server-sent events.
        state: How streams go on.

    Raises:
        OrchestrionError: Nothing could be begun.
        ClientDisconnect: The caller left before that.
    """
    try:
        first = await unless_left(request, _first(generation))
    except BaseException:
        await generation.aclose()
        raise
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    chunks = write(_from(first, generation))
    return LiveResponse(chunks, 200, headers, EVENT_STREAM, close=generation.aclose, settings=state.streams)


async def _first(generation: Generation) -> GeneratedPiece:
    return await anext(generation)


async def _from(first: GeneratedPiece, generation: Generation) -> Generation:
    yield first
    async for piece in generation:
        yield piece
