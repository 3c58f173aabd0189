"""Two language models, of which the second answers where the first cannot."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion_controller.language_model.chat_model import ChatModel
from orchestrion_controller.language_model.messages import ChatMessage, Ended, Schema

_log = logging.getLogger(__name__)

FIRST_RESTS_S: Final = 30.0
"""How long the second is asked at once after the first failed, in seconds, where the first does not say when to come
back."""
_CURABLE_ELSEWHERE: Final = frozenset(
    reason.name
    for reason in (
        Reason.LLM_UNAVAILABLE,
        Reason.LLM_TIMED_OUT,
        Reason.LLM_BROKE_OFF,
        Reason.LLM_RATE_LIMITED,
        Reason.LLM_QUOTA_EXHAUSTED,
        # A key that is refused, a model that the endpoint does not have.
        Reason.NOT_CONFIGURED,
        # What keeps an expert of a host from answering.
        Reason.NO_EXPERT,
        Reason.EXPERT_NOT_FETCHED,
        Reason.EXPERT_UNAVAILABLE,
        Reason.EXPERT_LOAD_FAILED,
        Reason.MODEL_INCOMPLETE,
        Reason.EXPERT_TOO_LARGE,
        Reason.OUT_OF_MEMORY,
    )
)


class FallbackChatModel:
    """Asks the first of two models, and the second where the first fails before its first piece.

    It must be a failure that another model can cure: a request that is too long for the first one's context, or that it
    declines, is none. The first then rests: until it is asked again, calls go to the second at once, and to the first
    only where the second fails too. Closing it leaves the two open.
    """

    def __init__(
        self,
        first: ChatModel,
        second: ChatModel,
        *,
        fell_back: Callable[[str, str, str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keeps the models.

        Args:
            first: Asked first.
            second: Asked where the first fails.
            fell_back: Takes the name of the model that failed, that of the one asked instead, and the reason.
            clock: A monotonic clock, in seconds.
        """
        self._first = first
        self._second = second
        self._fell_back = fell_back
        self._clock = clock
        self._rests_until = float("-inf")

    @property
    def model(self) -> str:
        """The name of the model that is asked now."""
        return self._current.model

    async def aclose(self) -> None:
        """Closes nothing: others may use the two models as well."""

    async def context_tokens(self) -> int:
        """Returns how many tokens the context has of the model that is asked now; 0 where it is unknown."""
        return await self._current.context_tokens()

    async def fits(self, messages: Sequence[ChatMessage]) -> bool:
        """Whether a prompt leaves room for a reply in the context of the model that is asked now."""
        return await self._current.fits(messages)

    def too_long(self, context_tokens: int = 0) -> OrchestrionError:
        """The error of a prompt that cannot be made short enough for the model that is asked now."""
        return self._current.too_long(context_tokens)

    async def chat(
        self, messages: Sequence[ChatMessage], schema: Schema | None = None, *, max_tokens: int = 0
    ) -> AsyncGenerator[str | Ended, None]:
        """Asks for a reply of whichever model gives one.

        Yields:
            The pieces and the end of one model's reply.

        Raises:
            OrchestrionError: What `ChatModel.chat` raises. Where both failed, the error of the one asked first, with
                the other's words. `LLM_CONTEXT_EXCEEDED` also where the prompt fits in the first one's context and not
                in that of the second, which is asked now.
        """
        model = self._current
        began = False
        try:
            async with aclosing(model.chat(messages, schema, max_tokens=max_tokens)) as reply:
                async for piece in reply:
                    began = True
                    yield piece
            return
        except OrchestrionError as error:
            if began or error.reason not in _CURABLE_ELSEWHERE:
                raise
            failure = error
        other = self._second if model is self._first else self._first
        self._turn_to(other, failure)
        _log.warning("%s does not answer, so %s is asked: %s", model.model, other.model, failure.reason)
        self._fell_back(model.model, other.model, failure.reason)
        if not await other.fits(messages):
            # Raised before anything is sent: whoever asks then writes a prompt for the other context.
            raise other.too_long(await other.context_tokens()) from failure
        try:
            async with aclosing(other.chat(messages, schema, max_tokens=max_tokens)) as reply:
                async for piece in reply:
                    began = True
                    yield piece
        except OrchestrionError as error:
            if began or error.reason not in _CURABLE_ELSEWHERE:
                raise
            message = f"{failure.message} Nor did the other language model answer: {error.message}"
            both = Reason.rebuild(failure.reason, message, failure.metadata, failure.retry_after_ms)
            raise both from error

    @property
    def _current(self) -> ChatModel:
        return self._second if self._clock() < self._rests_until else self._first

    def _turn_to(self, other: ChatModel, failure: OrchestrionError) -> None:
        if other is self._first:
            self._rests_until = float("-inf")
        else:
            rest_s = FIRST_RESTS_S if failure.retry_after_ms is None else failure.retry_after_ms / 1000
            self._rests_until = self._clock() + rest_s
