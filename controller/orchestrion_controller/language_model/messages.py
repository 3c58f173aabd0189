"""Messages, configuration and replies of a language model, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from orchestrion_controller.stages import Usage

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


@dataclass(frozen=True, slots=True)
class Schema:
    """A JSON Schema that a reply must have."""

    name: str
    schema: Mapping[str, object]
    strict_schema: Mapping[str, object] | None = None
    """The same for endpoints that require every property: what may be left out may be null. None where it is `schema`.
    """


@dataclass(frozen=True, slots=True)
class Ended:
    """How a reply ended."""

    finish_reason: str
    """`stop`, `length`, `content_filter`, …; empty when the stream broke off without saying."""
    refusal: str
    """The text of a refusal; empty where the model did not refuse."""
    usage: Usage

    @property
    def is_refusal(self) -> bool:
        """Whether the model, or a filter before it, declined."""
        return bool(self.refusal) or self.finish_reason in {"content_filter", "refusal"}


def byte_count(messages: Sequence[ChatMessage]) -> int:
    """Counts the bytes of the messages' texts in UTF-8."""
    return sum(len(message["content"].encode(errors="surrogatepass")) for message in messages)
