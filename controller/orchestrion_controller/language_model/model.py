"""A chat with one OpenAI-compatible endpoint, streamed."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from orchestrion.errors import OrchestrionError
from orchestrion_controller.deadline import remaining_s
from orchestrion_controller.language_model import failures
from orchestrion_controller.language_model.abilities import Abilities, is_about_one_schema
from orchestrion_controller.language_model.messages import ChatMessage, Ended, LanguageModelConfig, Schema
from orchestrion_controller.language_model.retries import LlmAttempts, is_curable, retry_after_s
from orchestrion_controller.language_model.side_calls import SideCalls
from orchestrion_controller.language_model.tokenizing import EndpointTokenizer
from orchestrion_controller.language_model.window import ContextWindow
from orchestrion_controller.stages import Usage

if TYPE_CHECKING:
    import openai

_log = logging.getLogger(__name__)

_CONNECT_TIMEOUT_S: Final = 10.0


class LanguageModel:
    """A chat with a language model. Fields that the endpoint refuses are remembered and left out from then on."""

    def __init__(self, config: LanguageModelConfig) -> None:
        """Makes the client; it connects with the first call."""
        # Imported here: slow to import, and unused by a controller without a language model.
        import openai

        self._config = config
        self._openai = openai
        self._client = openai.AsyncOpenAI(
            # A local server needs no key, but the client insists on one.
            api_key=config.api_key or "none",
            base_url=config.base_url or None,
            # Silence is timed in `chat`, chunk by chunk: keep-alive bytes must not count as a reply.
            timeout=openai.Timeout(None, connect=min(config.timeout_s, _CONNECT_TIMEOUT_S)),
            # Retries are made in `chat`: the client does not know the run's deadline.
            max_retries=0,
        )
        self._abilities = Abilities()
        beside = SideCalls(self._client, config)
        self._window = ContextWindow(config, beside, EndpointTokenizer(beside, config.model))

    @property
    def model(self) -> str:
        """The model's name."""
        return self._config.model

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._client.close()

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
        endpoint asks for, where the run's deadline allows it.

        Yields:
            The reply in pieces as they come, and how it ended as the last item.

        Raises:
            UnavailableError: The endpoint does not answer, or not properly (`LLM_UNAVAILABLE`), is silent for too long
                (`LLM_TIMED_OUT`), or broke off after the first piece (`LLM_BROKE_OFF`).
            ResourceExhaustedError: It asks for a longer wait than is allowed (`LLM_RATE_LIMITED`).
            FailedPreconditionError: It does not accept the key or know the model, the quota is used up
                (`LLM_QUOTA_EXHAUSTED`), or the messages do not fit in the context (`LLM_CONTEXT_EXCEEDED`).
        """
        retries = LlmAttempts(self._config.retry_count, self._config.longest_wait_s)
        while True:
            try:
                stream, first = await self._open(messages, schema, max_tokens)
                break
            except (self._openai.OpenAIError, ValueError) as error:
                self._raise_context_refusal(error, messages)
                if (wait_s := self._wait_s(error, retries)) is None:
                    raise failures.explained(error, self._config) from error
                _log.info("the language model's endpoint failed; it is asked again in %.3g s", wait_s)
                await asyncio.sleep(wait_s)
        async with stream, aclosing(self._read(stream, first)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Ended):
                    self._window.learn_usage(messages, piece.usage.prompt_token_count)
                yield piece

    async def _open(
        self, messages: Sequence[ChatMessage], schema: Schema | None, max_tokens: int
    ) -> tuple[openai.AsyncStream[object], object]:
        """Starts the stream, leaving out what the endpoint refuses, and waits for its first chunk (None for none)."""
        abilities, lasting = self._abilities, True
        while True:
            try:
                opened = await self._post(messages, abilities.fields(schema, self._config.temperature, max_tokens))
            except TimeoutError as error:
                raise failures.silent(self._config, began=False) from error
            except self._openai.APIStatusError as error:
                self._raise_context_refusal(error, messages)
                said = str(error.message)
                less = abilities.without_what_was_refused(schema, error.status_code, said)
                if less is None:
                    raise
                abilities, lasting = less, lasting and not is_about_one_schema(said)
                _log.info("the language model's endpoint refused a field (HTTP %d); now %s", error.status_code, less)
                continue
            if lasting:
                # A concurrent call may have learned of another refusal meanwhile.
                self._abilities = self._abilities.and_(abilities)
            return opened

    async def _post(
        self, messages: Sequence[ChatMessage], fields: Mapping[str, object]
    ) -> tuple[openai.AsyncStream[object], object]:
        async with asyncio.timeout(self._config.timeout_s):
            # `post` instead of the typed methods, which cost more CPU time than the rest of a run: errors and
            # the parsing of the stream stay the client's.
            stream = await self._client.post(
                "/chat/completions",
                cast_to=object,
                body={"model": self._config.model, "messages": list(messages), "stream": True, **fields},
                stream=True,
                stream_cls=self._openai.AsyncStream[object],
            )
            try:
                return stream, await _first_chunk(stream)
            except BaseException:
                await stream.close()
                raise

    def _wait_s(self, error: Exception, retries: LlmAttempts) -> float | None:
        """Returns the wait before the next attempt in seconds; None when there is none."""
        asked_s = None
        if isinstance(error, self._openai.APIStatusError):
            if not is_curable(error.status_code) or failures.is_about_payment(error):
                return None
            asked_s = retry_after_s(error.response.headers)
        elif not isinstance(error, self._openai.APIConnectionError):
            return None
        return retries.next_wait_s(asked_s, remaining_s())

    async def _read(self, stream: openai.AsyncStream[object], first: object) -> AsyncGenerator[str | Ended, None]:
        finish_reason, refusal, usage, began = "", "", Usage(llm_call_count=1), False
        chunk = first
        while chunk is not None:
            chunk = chunk if isinstance(chunk, Mapping) else {}
            if reported := chunk.get("usage"):
                usage = Usage(1, reported.get("prompt_tokens") or 0, reported.get("completion_tokens") or 0)
            for choice in (chunk.get("choices") or ())[:1]:
                finish_reason = choice.get("finish_reason") or finish_reason
                delta = choice.get("delta") or {}
                # The first chunk may have the role only. Reasoning counts as a sign of life, though it is not used.
                began = began or any(value for name, value in delta.items() if name != "role")
                refusal += delta.get("refusal") or ""
                if content := delta.get("content"):
                    yield content
            try:
                async with asyncio.timeout(self._config.idle_timeout_s if began else self._config.timeout_s):
                    chunk = await anext(stream, None)
            except TimeoutError as error:
                raise failures.silent(self._config, began=began) from error
            except self._openai.APIConnectionError as error:
                raise failures.broke_off(self._config) from error
            except (self._openai.OpenAIError, ValueError) as error:
                raise failures.explained(error, self._config) from error
        yield Ended(finish_reason, refusal, usage)

    def _raise_context_refusal(self, error: Exception, messages: Sequence[ChatMessage]) -> None:
        """Records and raises that the prompt is too long, if that is what the endpoint refuses."""
        if isinstance(error, self._openai.APIStatusError):
            refusal = failures.context_refusal(error.status_code, error.body, str(error.message))
            if refusal is not None:
                self._window.learn_refusal(messages, refusal)
                raise failures.too_long(self._config, refusal.context_tokens) from error


async def _first_chunk(stream: openai.AsyncStream[object]) -> object:
    """Reads a stream's first chunk, or the whole answer of an endpoint that does not stream; None for nothing."""
    if "json" not in stream.response.headers.get("content-type", ""):
        return await anext(stream, None)
    whole = json.loads(await stream.response.aread())
    choices = [{**choice, "delta": choice.get("message")} for choice in whole.get("choices") or ()]
    return {**whole, "choices": choices}
