"""One OpenAI-compatible endpoint, streamed: what the planner and the responder share."""

from __future__ import annotations

import enum
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion_controller.stages import Usage

if TYPE_CHECKING:
    import openai

logger = logging.getLogger(__name__)

ChatMessage = Mapping[str, str]
"""A message of a chat: `role` (system, user, assistant) and `content`."""

_CONNECT_TIMEOUT_S: Final = 10.0
_REFUSED_FIELDS: Final = frozenset({400, 404, 415, 422, 501})
"""Status codes with which endpoints refuse a field of the request that they do not know."""


@dataclass(frozen=True, slots=True)
class LanguageModelConfig:
    """Where a language model is."""

    base_url: str = ""
    """The endpoint, such as `http://127.0.0.1:8000/v1`; empty for OpenAI's own."""
    api_key: str = field(default="", repr=False)
    """The key; local servers need none."""
    model: str = "gpt-4.1-mini"
    """The model's name, as the endpoint knows it."""
    timeout_s: float = 60.0
    """How long the endpoint may stay silent, in seconds."""
    retry_count: int = 2
    """How often a call that failed before its first token is tried again."""
    temperature: float | None = None
    """How much chance there is in the answers; None leaves it to the endpoint."""


class Format(enum.IntEnum):
    """What an endpoint can be asked to write, the best first."""

    JSON_SCHEMA = 0
    JSON_OBJECT = 1
    PLAIN = 2


@dataclass(frozen=True, slots=True)
class Schema:
    """A JSON Schema that a reply must have."""

    name: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a reply ended."""

    finish_reason: str
    """`stop`, `length`, `content_filter`, …; empty when the stream broke off without saying."""
    refusal: str
    """What the model said instead of doing as asked; empty where it did not refuse."""
    usage: Usage


class LanguageModel:
    """A chat with a language model. What the endpoint turns out not to know is remembered and not asked for again."""

    def __init__(self, config: LanguageModelConfig) -> None:
        """Makes the client; it connects with the first call."""
        # Heavy, and of no use to a controller without a language model.
        import openai

        self._config = config
        self._openai = openai
        self._client = openai.AsyncOpenAI(
            # A local server wants no key, but the client will not go without one.
            api_key=config.api_key or "none",
            base_url=config.base_url or None,
            timeout=openai.Timeout(config.timeout_s, connect=min(config.timeout_s, _CONNECT_TIMEOUT_S)),
            max_retries=config.retry_count,
        )
        self._format = Format.JSON_SCHEMA
        self._tells_usage = True

    @property
    def model(self) -> str:
        """The model's name."""
        return self._config.model

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._client.close()

    async def chat(
        self, messages: Sequence[ChatMessage], schema: Schema | None = None
    ) -> AsyncGenerator[str | Ended, None]:
        """Asks for a reply; with a schema, for JSON of that form, as well as the endpoint can be held to it.

        Yields:
            The reply in pieces as they come, and how it ended as the last item.

        Raises:
            UnavailableError: The endpoint does not answer, or not properly.
            FailedPreconditionError: It does not accept the key or know the model.
        """
        try:
            stream = await self._open(messages, schema)
            async with aclosing(self._read(stream)) as pieces:
                async for piece in pieces:
                    yield piece
        except self._openai.OpenAIError as error:
            raise self._explained(error) from error

    async def _open(self, messages: Sequence[ChatMessage], schema: Schema | None) -> Any:
        """Starts the stream, leaving out what the endpoint refuses."""
        while True:
            fields = self._fields(schema)
            try:
                # Below the typed methods, which cost more processor time than the whole rest of a run: retries,
                # errors and the reading of the stream are the client's all the same.
                return await self._client.post(
                    "/chat/completions",
                    cast_to=object,
                    body={"model": self._config.model, "messages": list(messages), "stream": True, **fields},
                    stream=True,
                    stream_cls=self._openai.AsyncStream[object],
                )
            except self._openai.APIStatusError as error:
                if error.status_code not in _REFUSED_FIELDS or not self._ask_for_less(fields, str(error.message)):
                    raise

    def _fields(self, schema: Schema | None) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        if self._tells_usage:
            fields["stream_options"] = {"include_usage": True}
        if self._config.temperature is not None:
            fields["temperature"] = self._config.temperature
        if schema and self._format is Format.JSON_SCHEMA:
            body = {"name": schema.name, "strict": True, "schema": schema.schema}
            fields["response_format"] = {"type": "json_schema", "json_schema": body}
        elif schema and self._format is Format.JSON_OBJECT:
            fields["response_format"] = {"type": "json_object"}
        return fields

    def _ask_for_less(self, fields: Mapping[str, Any], message: str) -> bool:
        """Gives up the field that an endpoint's complaint is about; False when it is about none of these."""
        said = message.casefold()
        if "stream_options" in fields and ("stream_options" in said or "include_usage" in said):
            self._tells_usage = False
            logger.info("the language model's endpoint does not tell its usage")
            return True
        about = ("response_format", "json_schema", "json_object", "schema", "guided", "structured", "json mode")
        if "response_format" in fields and any(word in said for word in about):
            self._format = Format(self._format + 1)
            logger.info("the language model's endpoint refused a response format; now using %s", self._format.name)
            return True
        return False

    async def _read(self, stream: Any) -> AsyncGenerator[str | Ended, None]:
        finish_reason, refusal, usage = "", "", Usage(llm_call_count=1)
        async with stream:
            async for chunk in stream:
                if told := chunk.get("usage"):
                    usage = Usage(1, told.get("prompt_tokens") or 0, told.get("completion_tokens") or 0)
                for choice in (chunk.get("choices") or ())[:1]:
                    finish_reason = choice.get("finish_reason") or finish_reason
                    delta = choice.get("delta") or {}
                    refusal += delta.get("refusal") or ""
                    if content := delta.get("content"):
                        yield content
        yield Ended(finish_reason, refusal, usage)

    def _explained(self, error: openai.OpenAIError) -> OrchestrionError:
        """Says what is wrong and what to do, without the key."""
        where = self._config.base_url or "OpenAI"
        if isinstance(error, self._openai.APITimeoutError):
            message = f"The language model at {where} was silent for {self._config.timeout_s:g} s."
            return Reason.LLM_UNAVAILABLE.error(f"{message} Try again, or raise llm_timeout_s.")
        if isinstance(error, self._openai.APIConnectionError):
            return Reason.LLM_UNAVAILABLE.error(f"The language model at {where} cannot be reached; is it running?")
        if not isinstance(error, self._openai.APIStatusError):
            return Reason.LLM_UNAVAILABLE.error(f"The language model at {where} broke off: {self._without_key(error)}")
        status = error.status_code
        if status in {401, 403}:
            message = f"The language model at {where} does not accept the key (HTTP {status}); set OPENAI_API_KEY."
            return Reason.NOT_CONFIGURED.error(message, setting="llm_api_key")
        if status == 404:
            message = (
                f"The endpoint {where} does not know the model `{self._config.model}`; set OPENAI_MODEL or its URL."
            )
            return Reason.NOT_CONFIGURED.error(message, setting="llm_model")
        retry_after_ms = _retry_after_ms(error.response.headers)
        message = f"The language model at {where} answered HTTP {status}: {self._without_key(error)}"
        return Reason.LLM_UNAVAILABLE.error(message, retry_after_ms=retry_after_ms, http_status=str(status))

    def _without_key(self, error: Exception) -> str:
        text = str(error)[:300]
        return text.replace(self._config.api_key, "…") if self._config.api_key else text


def _retry_after_ms(headers: Mapping[str, str]) -> int | None:
    """Reads the headers with which an endpoint says when to come back; a date is left aside."""
    for header, factor in (("retry-after-ms", 1.0), ("retry-after", 1000.0)):
        try:
            return round(float(headers[header]) * factor)
        except (KeyError, ValueError, OverflowError):
            continue
    return None
