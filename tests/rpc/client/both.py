"""One way to use both clients in a test: the one for threads, each step in a thread, looks like the one for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from typing import Any

from orchestrion import AsyncClient, Client

_OVER = object()


class Threaded:
    """A `Client` whose calls are awaited; each runs in a thread, so that servers in this loop go on."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        self._client = Client(*arguments, **settings)

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)
        if name in {"run", "plan", "select", "execute", "respond", "watch", "watch_hosts"}:
            return lambda *arguments, **settings: _stepped(call(*arguments, **settings))
        return lambda *arguments, **settings: asyncio.to_thread(call, *arguments, **settings)

    async def __aenter__(self) -> Threaded:
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self._client.close)


CLIENTS: dict[str, Any] = {"threads": Threaded, "asyncio": AsyncClient}


async def _stepped(events: Generator[Any, None, None]) -> AsyncGenerator[Any, None]:
    try:
        while (event := await asyncio.to_thread(next, events, _OVER)) is not _OVER:
            yield event
    finally:
        await asyncio.to_thread(events.close)
