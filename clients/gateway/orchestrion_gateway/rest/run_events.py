"""The events of a run as server-sent events: `id` is the number, `event` the payload's name, `data` the event."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from functools import cache
from typing import Final

from fastapi.responses import Response

from orchestrion import Event, to_json
from orchestrion.events import RunFinished
from orchestrion_gateway.streaming import StreamSettings, event_stream, framed

_WORD_BEGINS: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


async def stream(events: AsyncGenerator[Event, None], settings: StreamSettings) -> Response:
    """Makes the response of a run's events, which ends with the run.

    Raises:
        OrchestrionError: There is no such run, or it was refused.
    """
    return await event_stream(events, _frame, settings, is_last=_is_last)


def _frame(event: Event) -> bytes:
    return framed(_name_of(type(event.payload).__name__), to_json(event), event.sequence)


def _is_last(event: Event) -> bool:
    # A run that failed raises what went wrong after it, which the event has.
    return isinstance(event.payload, RunFinished)


@cache
def _name_of(payload: str) -> str:
    """Returns what the API calls a payload, such as `run_started`."""
    return _WORD_BEGINS.sub("_", payload).lower()
