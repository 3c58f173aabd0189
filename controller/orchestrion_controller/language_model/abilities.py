"""Which request fields an endpoint supports, learned from its refusals. Pure."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import Final

from orchestrion_controller.language_model.messages import Schema

_REFUSING: Final = frozenset({400, 404, 415, 422, 500, 501})
"""Status codes with which endpoints refuse a field of the request that they do not know."""
_SPEECHLESS: Final = frozenset({400, 415, 422, 501})
"""Those of them that may be about a field without naming it."""
_FORMAT_WORDS: Final = (
    "response_format",
    "json_schema",
    "json_object",
    "schema",
    "guided",
    "structured",
    "json mode",
    "grammar",
)
_ABOUT_ONE_SCHEMA: Final = ("invalid schema", "schema is too", "schema too", "too many")


class Format(enum.IntEnum):
    """Response formats, the most constrained first."""

    JSON_SCHEMA = 0
    JSON_OBJECT = 1
    PLAIN = 2


@dataclass(frozen=True, slots=True)
class Abilities:
    """What an endpoint supports, as far as it has not refused it."""

    format: Format = Format.JSON_SCHEMA
    tells_usage: bool = True
    takes_temperature: bool = True
    takes_limit: bool = True

    def fields(self, schema: Schema | None, temperature: float | None, max_tokens: int = 0) -> dict[str, object]:
        """Builds the fields of a request that endpoints may refuse.

        Args:
            schema: The JSON Schema of the reply; None for any text.
            temperature: What the operator set; None leaves it to the endpoint, except for replies with a schema.
            max_tokens: How many tokens the reply may have; 0 leaves it to the endpoint.
        """
        fields: dict[str, object] = {}
        if self.tells_usage:
            fields["stream_options"] = {"include_usage": True}
        if max_tokens and self.takes_limit:
            fields["max_tokens"] = max_tokens
        if temperature is not None:
            fields["temperature"] = temperature
        elif schema and self.takes_temperature:
            fields["temperature"] = 0.0  # Greedy decoding: a reply with a schema needs no variety.
        if schema and self.format is Format.JSON_SCHEMA:
            body = {"name": schema.name, "strict": True, "schema": schema.schema}
            fields["response_format"] = {"type": "json_schema", "json_schema": body}
        elif schema and self.format is Format.JSON_OBJECT:
            fields["response_format"] = {"type": "json_object"}
        return fields

    def without_what_was_refused(self, schema: Schema | None, status: int, message: str) -> Abilities | None:
        """Returns what is left after a refusal; None when it was about none of these."""
        said = message.casefold()
        if status not in _REFUSING:
            return None
        if self.tells_usage and ("stream_options" in said or "include_usage" in said):
            return replace(self, tells_usage=False)
        if schema and self.takes_temperature and "temperature" in said:
            return replace(self, takes_temperature=False)
        if self.takes_limit and "max_tokens" in said:
            return replace(self, takes_limit=False)
        # Many servers only say that the request is bad: then the next format is tried.
        about_format = status in _SPEECHLESS or any(word in said for word in _FORMAT_WORDS)
        if schema and self.format is not Format.PLAIN and about_format:
            return replace(self, format=Format(self.format + 1))
        return None

    def and_(self, other: Abilities) -> Abilities:
        """Returns the intersection."""
        return Abilities(
            max(self.format, other.format),
            self.tells_usage and other.tells_usage,
            self.takes_temperature and other.takes_temperature,
            self.takes_limit and other.takes_limit,
        )


def is_about_one_schema(message: str) -> bool:
    """Whether a refusal is about the schema that was sent, and says nothing about others."""
    return any(words in message.casefold() for words in _ABOUT_ONE_SCHEMA)
