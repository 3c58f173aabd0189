"""One way to use both clients in a test: the one for threads, each step in a thread, looks like the one for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any, TypeAlias, Unpack, cast

from orchestrion import AsyncClient, AsyncHostClient, Client, HostClient
from orchestrion.settings import ClientSettings

_END = object()


class Threaded:
    """A client, or a resource of one, whose calls are awaited; each runs in a thread, so that this loop goes on."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:  # Whatever the client has.
        item = getattr(self._inner, name)
        if not callable(item):
            return Threaded(item)
        if item.__annotations__["return"].startswith("Generator"):
            return lambda *arguments, **settings: _stepped(item(*arguments, **settings))
        return lambda *arguments, **settings: asyncio.to_thread(item, *arguments, **settings)

    async def __aenter__(self) -> Threaded:
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self._inner.close)


def threaded_client(address: str, **settings: Unpack[ClientSettings]) -> AsyncClient:
    return cast(AsyncClient, Threaded(Client(address, **settings)))


def threaded_host_client(address: str, **settings: float) -> AsyncHostClient:
    return cast(AsyncHostClient, Threaded(HostClient(address, **settings)))


MakeClient: TypeAlias = Callable[..., AsyncClient]

CLIENTS: dict[str, MakeClient] = {"threads": threaded_client, "asyncio": AsyncClient}
HOST_CLIENTS: dict[str, Callable[..., AsyncHostClient]] = {
    "threads": threaded_host_client,
    "asyncio": AsyncHostClient,
}


async def _stepped(events: Generator[object, None, None]) -> AsyncGenerator[object, None]:
    try:
        while (event := await asyncio.to_thread(next, events, _END)) is not _END:
            yield event
    finally:
        await asyncio.to_thread(events.close)
