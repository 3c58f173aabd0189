"""What HuggingGPT's clients send: `{"messages": [{"role": …, "content": …}]}`."""

from __future__ import annotations

from typing import Any, Final, Literal

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestrion import Reason
from orchestrion_gateway.bodies import read_json


class ChatTurn(BaseModel):
    """One turn of a conversation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Literal["user", "assistant", "system"]
    """Who speaks."""
    content: str
    """What is said; files stand in it as paths, `data:` URLs or links."""


class ChatBody(BaseModel):
    """The body of each of the three calls.

    The reference takes a key and an endpoint for its language model from here, and its web app names a model. All of
    that is the operator's business here: the fields are allowed, and never looked at.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    messages: list[ChatTurn] = Field(min_length=1)
    """The conversation; the last turn is the user's."""
    model: Any = None
    api_key: Any = None
    api_type: Any = None
    api_endpoint: Any = None


_TURN: Final = {
    "type": "object",
    "required": ["role", "content"],
    "properties": {"role": {"enum": ["user", "assistant", "system"]}, "content": {"type": "string"}},
}
SCHEMA: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["messages"],
                    "properties": {"messages": {"type": "array", "items": _TURN}},
                    "example": {"messages": [{"role": "user", "content": "Say 'good morning'."}]},
                }
            }
        },
    }
}
"""Describes the body, for `openapi_extra`."""


async def read_turns(request: Request, limit: int) -> list[ChatTurn]:
    """Reads the conversation in a body.

    Args:
        request: The call.
        limit: How large the body may be, in bytes.

    Raises:
        InvalidArgumentError: A field is missing, of another type, or none of the protocol's.
        ResourceExhaustedError: The body is too large.
    """
    text = await read_json(request, limit)
    try:
        return ChatBody.model_validate_json(text).messages
    except ValidationError as error:
        # Never the value: it may be a key.
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(map(str, first["loc"])) or "body"
        raise Reason.INVALID_FIELD.error(f"{field}: {first['msg']}.", field=field) from None
