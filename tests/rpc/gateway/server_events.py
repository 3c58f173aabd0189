"""Server-sent events as a browser reads them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event, or one comment."""

    name: str = ""
    id: str = ""
    data: Any = None
    comment: str = ""


async def events_of(response: httpx2.Response) -> AsyncIterator[ServerEvent]:
    """Yields what a stream brings, comments too."""
    assert response.headers["content-type"].startswith("text/event-stream")
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        if line.startswith(":"):
            yield ServerEvent(comment=line[1:].strip())
        elif line:
            name, _, value = line.partition(": ")
            assert name not in fields
            fields[name] = value
        else:
            if "data" in fields:
                yield ServerEvent(fields.get("event", ""), fields.get("id", ""), json.loads(fields["data"]))
            fields = {}


async def collect(response: httpx2.Response) -> list[ServerEvent]:
    """Reads a stream to its end."""
    return [event async for event in events_of(response)]


async def until(events: AsyncIterator[ServerEvent], name: str) -> list[ServerEvent]:
    """Reads a stream up to the first event of a name."""
    seen = [await anext(events)]
    while seen[-1].name != name:
        seen.append(await anext(events))
    return seen
