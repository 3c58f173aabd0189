"""Chats with the longest prompt that fits in the model's context."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Final, Protocol, TypeVar

from orchestrion.errors import OrchestrionError, Reason
from orchestrion_controller.language_model.chat_model import ChatModel
from orchestrion_controller.language_model.messages import ChatMessage, Ended, Schema

E = TypeVar("E")

_MOST_REFITS: Final = 6
"""How often a prompt that the endpoint takes for too long is shortened and sent again."""


async def chat_fitting(
    model: ChatModel,
    extents: Sequence[E],
    write: Callable[[E], Sequence[ChatMessage]],
    schema: Callable[[E], Schema] | None = None,
    *,
    max_tokens: int = 0,
    fitted: Callable[[E], None] | None = None,
) -> AsyncGenerator[str | Ended, None]:
    """Chats as `ChatModel.chat` does, with the first extent whose prompt fits.

    Args:
        model: The language model.
        extents: How much a prompt may contain, the most first; each is shorter than the one before.
        write: Writes the prompt of an extent.
        schema: Makes the schema for an extent's reply.
        max_tokens: How many tokens the reply may have; 0 leaves it to the model.
        fitted: Is told each extent before its prompt is sent, so that a caller can say what was left out; the last one
            that it is told is the one that was answered.

    Raises:
        FailedPreconditionError: Not even the shortest prompt fits (`LLM_CONTEXT_EXCEEDED`).
        OrchestrionError: What `ChatModel.chat` raises.
    """
    for _ in range(_MOST_REFITS):
        extent = await longest_that_fits(model, extents, write)
        if extent is None:
            break
        form = schema(extent) if schema else None
        if fitted is not None:
            fitted(extent)
        try:
            async with aclosing(model.chat(write(extent), form, max_tokens=max_tokens)) as reply:
                async for piece in reply:
                    yield piece
            return
        except OrchestrionError as error:
            # Such a refusal comes before the first piece, and corrects what `fits` returns from then on.
            if error.reason != Reason.LLM_CONTEXT_EXCEEDED.name:
                raise
    raise model.too_long(await model.context_tokens())


class Window(Protocol):
    """A model that can estimate whether a prompt fits."""

    async def fits(self, messages: Sequence[ChatMessage]) -> bool:
        """Whether the messages leave room for a reply."""


async def longest_that_fits(
    window: Window, extents: Sequence[E], write: Callable[[E], Sequence[ChatMessage]]
) -> E | None:
    """Finds the first extent whose prompt fits; None when none does. Arguments as those of `chat_fitting`."""
    if await window.fits(write(extents[0])):
        return extents[0]
    low, high, longest = 1, len(extents) - 1, None
    while low <= high:
        middle = (low + high) // 2
        if await window.fits(write(extents[middle])):
            longest, high = extents[middle], middle - 1
        else:
            low = middle + 1
    return longest
