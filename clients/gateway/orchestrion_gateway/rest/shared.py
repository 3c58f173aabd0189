"""What all calls share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeAlias, cast

from fastapi import Depends, Query, Request

from orchestrion import AsyncClient
from orchestrion_gateway.config import GatewayConfig
from orchestrion_gateway.streaming import EVENT_STREAM, StreamSettings


@dataclass(frozen=True, slots=True)
class Shared:
    """The settings, the one client of the controller, and how streams go on."""

    config: GatewayConfig
    """The settings."""
    client: AsyncClient
    """The client of the controller."""
    streams: StreamSettings
    """How streams of events go on and end."""


async def _shared(request: Request) -> Shared:
    return cast(Shared, request.app.state.shared)


Gateway: TypeAlias = Annotated[Shared, Depends(_shared)]
"""What a call declares to have what all share."""

TimeoutS: TypeAlias = Annotated[
    float | None, Query(gt=0, description="The deadline, in seconds; none where it is left out.")
]
PageSize: TypeAlias = Annotated[int, Query(ge=1, le=1000, description="How many at most.")]
PageToken: TypeAlias = Annotated[str, Query(description="The `nextPageToken` of the page before.")]


def wants_events(request: Request) -> bool:
    """Whether a caller asks for a stream of events where a call has both."""
    return EVENT_STREAM in request.headers.get("accept", "")
