"""Messages, configuration and replies of a language model, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from orchestrion.errors import Reason
from orchestrion_controller.stages import Usage
from orchestrion_serving.chat import OPENAI, EndpointAddress, Schema, wrong_key, wrong_url

__all__ = ["ChatMessage", "Ended", "LanguageModelConfig", "Schema", "byte_count"]

ChatMessage = Mapping[str, str]
"""A message of a chat: `role` (system, user, assistant) and `content`."""


@dataclass(frozen=True, slots=True)
class LanguageModelConfig:
    """A language model's endpoint, its timeouts and its retries."""

    base_url: str = ""
    """The endpoint, such as `http://127.0.0.1:8000/v1`; empty for OpenAI's own."""
    api_key: str = field(default="", repr=False)
    """The key; local servers need none."""
    model: str = "gpt-4.1-mini"
    """The model's name, as the endpoint knows it."""
    timeout_s: float = 60.0
    """How long the endpoint may be silent before the first piece of a reply, in seconds."""
    idle_timeout_s: float = 30.0
    """How long it may be silent between two pieces, in seconds."""
    retry_count: int = 2
    """How often a call that failed before its first piece is tried again."""
    longest_wait_s: float = 60.0
    """How long a call waits in all when the endpoint asks it to come back later, in seconds."""
    context_tokens: int = 0
    """How many tokens the model's context has; 0 asks the endpoint."""
    temperature: float | None = None
    """The sampling temperature; None leaves it to the endpoint."""

    def __post_init__(self) -> None:
        """Checks what can be checked without asking the endpoint.

        Raises:
            FailedPreconditionError: The URL or the key cannot be (`NOT_CONFIGURED`); the message names the setting,
                and never holds the key.
        """
        for setting, variable, wrong in (
            ("llm_base_url", "OPENAI_BASE_URL", wrong_url(self.base_url)),
            ("llm_api_key", "OPENAI_API_KEY", wrong_key(self.api_key)),
        ):
            if wrong:
                raise Reason.NOT_CONFIGURED.error(f"{setting} ({variable}): {wrong}", setting=setting)

    @property
    def address(self) -> EndpointAddress:
        """Where the endpoint is."""
        return EndpointAddress(self.base_url or OPENAI, self.api_key)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a reply ended."""

    finish_reason: str
    """`stop`; `length` where the reply is cut, though it was asked to go on; `content_filter`, `tool_calls`, or the
    endpoint's own word. Empty where a reply with a schema came to an end without a word about it."""
    refusal: str
    """The text of a refusal; empty where the model did not refuse."""
    usage: Usage
    withdrawn: int = 0
    """How many characters of what came first have turned out to be a thought, by a `</think>` that nothing opened: the
    reply is what follows them."""

    @property
    def is_refusal(self) -> bool:
        """Whether the model, or a filter before it, declined."""
        return bool(self.refusal) or self.finish_reason in {"content_filter", "refusal"}


def byte_count(messages: Sequence[ChatMessage]) -> int:
    """Counts the bytes of the messages' texts in UTF-8."""
    return sum(len(message["content"].encode(errors="surrogatepass")) for message in messages)
