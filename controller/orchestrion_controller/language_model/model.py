"""A chat with one OpenAI-compatible endpoint, streamed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from orchestrion.errors import OrchestrionError
from orchestrion_controller.deadline import remaining_s
from orchestrion_controller.language_model import failures
from orchestrion_controller.language_model.messages import ChatMessage, Ended, LanguageModelConfig, Schema
from orchestrion_controller.language_model.retries import LlmAttempts
from orchestrion_controller.language_model.side_calls import SideCalls
from orchestrion_controller.language_model.tokenizing import EndpointTokenizer
from orchestrion_controller.language_model.window import ContextWindow
from orchestrion_controller.stages import Usage
from orchestrion_serving.chat import ChatFailure, ChatParameters, ReplyEnd, Trouble
from orchestrion_serving.chat_endpoint import ChatEndpoint, ReplyTimeouts

_log = logging.getLogger(__name__)


class LanguageModel:
    """A chat with a language model. Fields that the endpoint refuses are remembered and left out from then on."""

    def __init__(self, config: LanguageModelConfig) -> None:
        """Makes the client; it connects with the first call.

        Raises:
            ValueError: A proxy in the environment cannot be used.
        """
        self._config = config
        timeouts = ReplyTimeouts(config.timeout_s, config.idle_timeout_s)
        self._endpoint = ChatEndpoint(config.address, config.model, timeouts)
        beside = SideCalls(self._endpoint, config)
        self._window = ContextWindow(config, beside, EndpointTokenizer(beside, config.model))

    @property
    def model(self) -> str:
        """The model's name."""
        return self._config.model

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._endpoint.aclose()

    async def context_tokens(self) -> int:
        """Returns how many tokens the model's context has; 0 where it is unknown."""
        return await self._window.tokens()

    async def fits(self, messages: Sequence[ChatMessage]) -> bool:
        """Whether a prompt leaves room for a reply in the model's context, as far as that is known."""
        return await self._window.fits(messages)

    def too_long(self, context_tokens: int = 0) -> OrchestrionError:
        """The error of a prompt that cannot be made short enough."""
        return failures.too_long(self._config, context_tokens)

    async def chat(
        self, messages: Sequence[ChatMessage], schema: Schema | None = None, *, max_tokens: int = 0
    ) -> AsyncGenerator[str | Ended, None]:
        """Asks for a reply; with a schema, for JSON of that form, in the strictest format that the endpoint supports.

        Before the first piece, a call that failed transiently is made again, after the wait that the
        endpoint asks for, where the run's deadline allows it. A text that is cut at the limit of its length is asked
        to go on once; a reply with a schema is not.

        Args:
            messages: The conversation; its last message is answered.
            schema: The form that the reply must have, as JSON; None for any text.
            max_tokens: How many tokens the endpoint may write in one go; 0 leaves it to the endpoint.

        Yields:
            The reply in pieces as they come, without thoughts, and how it ended as the last item.

        Raises:
            UnavailableError: The endpoint does not answer, or not properly (`LLM_UNAVAILABLE`), is silent for too long
                (`LLM_TIMED_OUT`), or broke off after the first piece (`LLM_BROKE_OFF`).
            ResourceExhaustedError: It asks for a longer wait than is allowed (`LLM_RATE_LIMITED`).
            FailedPreconditionError: It does not accept the key or know the model, the quota is used up
                (`LLM_QUOTA_EXHAUSTED`), or the messages do not fit in the context (`LLM_CONTEXT_EXCEEDED`).
        """
        temperature = self._config.temperature
        if temperature is None and schema is not None:
            temperature = 0.0  # Greedy decoding: a reply with a schema needs no variety.
        parameters = ChatParameters(schema, max_tokens, temperature)
        retries = LlmAttempts(self._config.retry_count, self._config.longest_wait_s)
        while True:
            try:
                async with aclosing(self._endpoint.reply(messages, parameters)) as reply:
                    async for item in reply:
                        yield self._ended(item, messages) if isinstance(item, ReplyEnd) else item
                return
            except ChatFailure as failure:
                if failure.trouble is Trouble.CONTEXT and not failure.began:
                    refusal = failures.context_refusal_of(failure)
                    self._window.learn_refusal(messages, refusal)
                    raise failures.too_long(self._config, refusal.context_tokens) from failure
                if (wait_s := _wait_s(failure, retries)) is None:
                    raise failures.explained(failure, self._config) from failure
                _log.info("the language model's endpoint failed; it is asked again in %.3g s", wait_s)
            await asyncio.sleep(wait_s)

    def _ended(self, end: ReplyEnd, messages: Sequence[ChatMessage]) -> Ended:
        if end.call_count == 1:
            self._window.learn_usage(messages, end.counts.prompt)
        usage = Usage(end.call_count, end.counts.prompt, end.counts.completion, end.counts.cached)
        return Ended(end.finish_reason, end.refusal, usage, end.withdrawn)


def _wait_s(failure: ChatFailure, retries: LlmAttempts) -> float | None:
    """Returns the wait before the next attempt in seconds; None when there is none."""
    if not failure.is_curable:
        return None
    return retries.next_wait_s(failure.complaint.retry_after_s, remaining_s())
