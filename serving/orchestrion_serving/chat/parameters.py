"""Which fields and roles an endpoint supports in a request, learned from its refusals. Pure."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from orchestrion_serving.chat.complaints import Complaint

Message = Mapping[str, str]
"""A message of a chat: `role` (system, user, assistant) and `content`."""

_REFUSING: Final = frozenset({0, 400, 404, 415, 422, 500, 501})
"""Status codes with which endpoints refuse a field of the request that they do not know; 0 for none."""
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
_ABOUT_STRICTNESS: Final = ("strict", "additionalproperties", "invalid schema", "in schema")
_SYSTEM: Final = re.compile(r"\bsystem\b|only user and assistant|only .{0,20}user.{0,20}assistant")
_ROLES: Final = re.compile(r"\broles?\b|\binstructions?\b|\bprompts?\b|\bmessages?\b|one of")
_NOT: Final = re.compile(r"\bnot\b|n't\b|unsupported|invalid|\bonly\b|unknown|unexpected|\bmust\b|disallowed|\bno\b")
_ABOUT_ALTERNATION: Final = re.compile(
    r"roles? must alternate|alternat\w+ (?:between )?user|consecutive (?:user|messages)"
)
_ABOUT_STREAMING: Final = re.compile(
    r"\bstream(?:ing|ed)?\b.{0,40}\b(?:not|unsupported|disabled|unavailable|must be)\b"
    r"|\b(?:not support|unsupported|verified to|cannot|can't) .{0,30}\bstream"
)
_ABOUT_RANGE: Final = re.compile(
    r"at most|maximum\b|less than|<=|≤|exceeds?\b|\brange\b|between|too large|or equal|larger"
)
_LIMITS: Final = ("max_completion_tokens", "max_tokens")
_OPTIONAL: Final = ("stream_options", "temperature", "seed")
_INNER: Final[Mapping[str, tuple[str, ...]]] = {"stream_options": ("include_usage",)}
"""Names of what is in a field, by which a refusal may name it."""


class Format(enum.IntEnum):
    """Response formats, the most constrained first."""

    JSON_SCHEMA = 0
    JSON_OBJECT = 1
    PLAIN = 2


@dataclass(frozen=True, slots=True)
class Schema:
    """A JSON Schema that a reply must have."""

    name: str
    schema: Mapping[str, object]
    strict_schema: Mapping[str, object] | None = None
    """The same in the form that strict modes want, every property required; None where `schema` is that already."""


@dataclass(frozen=True, slots=True)
class ChatParameters:
    """What a call asks for besides its messages."""

    schema: Schema | None = None
    """The form of the reply; None for any text."""
    max_tokens: int = 0
    """How many tokens the reply may have; 0 leaves it to the endpoint."""
    temperature: float | None = None
    """The sampling temperature; None leaves it to the endpoint."""
    seed: int | None = None
    goes_on: bool = True
    """Whether a text that is cut at its limit is continued once."""


@dataclass(frozen=True, slots=True)
class Abilities:
    """What an endpoint supports, as far as it has not refused it."""

    format: Format = Format.JSON_SCHEMA
    is_strict: bool = False
    """Whether schemas that have two forms are sent in the strict one; OpenAI's own endpoint wants it."""
    refused_strictness: frozenset[bool] = frozenset()
    """The modes that it has refused."""
    refused: frozenset[str] = frozenset()
    """The fields that it has refused."""
    limit_name: str = _LIMITS[1]
    most_tokens: int = 0
    """The highest limit that it takes for a reply; 0 where it has refused none."""
    takes_system: bool = True
    """Whether it takes messages of the system."""
    takes_any_order: bool = True
    """Whether messages of one role may follow each other."""
    streams: bool = True

    def body(self, model: str, messages: Sequence[Message], parameters: ChatParameters) -> dict[str, object]:
        """Writes a request that the endpoint supports."""
        fields: dict[str, object] = {"model": model, "messages": self.messages(messages)}
        if self.streams:
            fields["stream"] = True
            fields["stream_options"] = {"include_usage": True}
        if limit := parameters.max_tokens:
            fields[self.limit_name] = min(limit, self.most_tokens or limit)
        if parameters.temperature is not None:
            fields["temperature"] = parameters.temperature
        if parameters.seed is not None:
            fields["seed"] = parameters.seed
        if parameters.schema:
            fields |= self._format(parameters.schema)
        return {name: value for name, value in fields.items() if name not in self.refused}

    def messages(self, messages: Sequence[Message]) -> list[Message]:
        """Returns the messages in roles and in an order that the endpoint takes; nothing of them is left out."""
        taken = list(messages)
        if not self.takes_system:
            taken = [{**item, "role": "user"} if item["role"] == "system" else item for item in taken]
        if self.takes_system and self.takes_any_order:
            return taken
        merged: list[Message] = []
        for message in taken:
            if merged and merged[-1]["role"] == message["role"]:
                merged[-1] = {**message, "content": f"{merged[-1]['content']}\n\n{message['content']}"}
            else:
                merged.append(message)
        return merged

    def without_what_was_refused(self, parameters: ChatParameters, complaint: Complaint) -> Abilities | None:
        """Returns what is left after a refusal; None when it was about none of these."""
        if complaint.status not in _REFUSING:
            return None
        words = complaint.words.casefold()
        param = complaint.param.casefold()
        return (
            self._with_other_limit(parameters, words, param)
            or self._without_field(parameters, words, param)
            or self._with_other_roles(words, param)
            or self._with_less_form(parameters, complaint.status, words, param)
        )

    def and_(self, other: Abilities) -> Abilities:
        """Returns what both support: a concurrent call may have learned of another refusal."""
        later = max(self, other, key=lambda item: (item.format, len(item.refused_strictness)))
        limits = [item.most_tokens for item in (self, other) if item.most_tokens]
        return Abilities(
            later.format,
            later.is_strict,
            self.refused_strictness | other.refused_strictness,
            self.refused | other.refused,
            min(self.limit_name, other.limit_name),
            min(limits, default=0),
            self.takes_system and other.takes_system,
            self.takes_any_order and other.takes_any_order,
            self.streams and other.streams,
        )

    def _format(self, schema: Schema) -> dict[str, object]:
        if self.format is Format.PLAIN:
            return {}
        if self.format is Format.JSON_OBJECT:
            return {"response_format": {"type": "json_object"}}
        is_strict = self._strict_for(schema)
        form = schema.strict_schema if is_strict and schema.strict_schema is not None else schema.schema
        body = {"name": schema.name, "strict": is_strict, "schema": form}
        return {"response_format": {"type": "json_schema", "json_schema": body}}

    def _strict_for(self, schema: Schema) -> bool:
        # A schema that is in the strict form by itself loses nothing by it.
        return self.is_strict or (schema.strict_schema is None and True not in self.refused_strictness)

    def _with_other_limit(self, parameters: ChatParameters, words: str, param: str) -> Abilities | None:
        named = any(_names(limit, words, param) for limit in _LIMITS)
        if not parameters.max_tokens or not named or self.limit_name in self.refused:
            return None
        sent = min(parameters.max_tokens, self.most_tokens or parameters.max_tokens)
        numbers = [int(number) for number in re.findall(r"\d+", words.replace(",", "")) if 0 < int(number) < sent]
        if numbers and (str(sent) in words or _ABOUT_RANGE.search(words)):
            return replace(self, most_tokens=max(numbers))
        if self.limit_name == _LIMITS[1]:
            return replace(self, limit_name=_LIMITS[0])
        return replace(self, refused=self.refused | {*_LIMITS})

    def _without_field(self, parameters: ChatParameters, words: str, param: str) -> Abilities | None:
        sent = set(self.body("", (), parameters))
        for name in _OPTIONAL:
            if name in sent and any(_names(each, words, param) for each in (name, *_INNER.get(name, ()))):
                return replace(self, refused=self.refused | {name})
        if self.streams and (param == "stream" or _ABOUT_STREAMING.search(words)):
            return replace(self, streams=False)
        return None

    def _with_other_roles(self, words: str, param: str) -> Abilities | None:
        if self.takes_any_order and _ABOUT_ALTERNATION.search(words):
            return replace(self, takes_any_order=False)
        about_system = all(pattern.search(words) for pattern in (_SYSTEM, _ROLES, _NOT))
        if self.takes_system and (about_system or re.search(r"messages.*role", param)):
            return replace(self, takes_system=False)
        return None

    def _with_less_form(self, parameters: ChatParameters, status: int, words: str, param: str) -> Abilities | None:
        schema = parameters.schema
        if schema is None or self.format is Format.PLAIN:
            return None
        about_format = any(word in words or word in param for word in _FORMAT_WORDS) or "strict" in words
        # Many servers only say that the request is bad: then the next format is tried.
        if not about_format and status not in _SPEECHLESS:
            return None
        is_strict = self._strict_for(schema)
        refused = self.refused_strictness | {is_strict}
        differs = schema.strict_schema is not None or "strict" in words or "strict" in param
        about_strictness = any(word in words or word in param for word in _ABOUT_STRICTNESS)
        if self.format is Format.JSON_SCHEMA and differs and about_strictness and len(refused) == 1:
            return replace(self, is_strict=not is_strict, refused_strictness=refused)
        return replace(self, format=Format(self.format + 1))


def is_about_one_schema(words: str) -> bool:
    """Whether a refusal is about the schema that was sent, and says nothing about others."""
    return any(phrase in words.casefold() for phrase in _ABOUT_ONE_SCHEMA)


def _names(name: str, words: str, param: str) -> bool:
    """Whether a refusal names a field, and not another one whose name has it as a part."""
    pattern = rf"(?<![A-Za-z_]){re.escape(name)}(?![A-Za-z_])"
    return bool(re.search(pattern, words) or re.search(pattern, param))
