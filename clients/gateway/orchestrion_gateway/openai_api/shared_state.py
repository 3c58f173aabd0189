"""What the calls of this API share, beside what all calls of the gateway do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, TypeAlias, cast

from fastapi import Depends, Request

from orchestrion import AsyncClient
from orchestrion_gateway.config import GatewayConfig
from orchestrion_gateway.openai_api.conversations import Conversations
from orchestrion_gateway.streaming import StreamSettings


@dataclass(frozen=True, slots=True)
class OpenAiState:
    """The settings, the one client of the controller, how streams go on, and which runs answered conversations."""

    config: GatewayConfig
    """The settings."""
    client: AsyncClient
    """The client of the controller."""
    streams: StreamSettings
    """How streams of events go on and end."""
    conversations: Conversations = field(default_factory=Conversations)
    """Which runs answered which conversations."""


def _state(request: Request) -> OpenAiState:
    return cast(OpenAiState, request.app.state.openai)


State: TypeAlias = Annotated[OpenAiState, Depends(_state)]
"""What a call declares to have what all share."""
