"""Tells clients when the list of tools has changed: hosts are watched, and changes in quick succession told once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any, Final

import anyio
from mcp.server.context import ServerRequestContext
from mcp.server.session import ServerSession
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ToolsListChanged
from mcp_types import SubscriptionsListenRequestParams, SubscriptionsListenResult

from orchestrion import AsyncClient, Expert, Host, OrchestrionError
from orchestrion_gateway.mcp_server import offers
from orchestrion_gateway.mcp_server.offers import OfferedTaskType

_log: Final = logging.getLogger(__name__)

_COALESCED_S: Final = 0.2
"""How long changes are gathered before they are told, in seconds."""
_AGAIN_S: Final = 5.0
"""How long after the controller was given up it is tried again, in seconds."""
_MOST_LISTENERS: Final = 1_000


class ToolListChanges:
    """Watches the hosts from the first client on, and tells all clients."""

    def __init__(self, connect: Callable[[], Awaitable[AsyncClient]]) -> None:
        """Watches nothing yet.

        Args:
            connect: Returns the client of the controller.
        """
        self._connect = connect
        self._bus = InMemorySubscriptionBus()
        self._streams = ListenHandler(self._bus, max_subscriptions=_MOST_LISTENERS, max_buffered_events=16)
        self._listener_count = 0
        self._changed = asyncio.Event()
        self._tasks: tuple[asyncio.Task[None], ...] = ()
        self._before: Mapping[str, OfferedTaskType] | None = None

    async def listen(
        self, ctx: ServerRequestContext[Any, Any], params: SubscriptionsListenRequestParams
    ) -> SubscriptionsListenResult:
        """Serves a stream of changes, as protocols from 2026-07-28 on have it."""
        self._watch()
        return await self._streams(ctx, params)

    async def tell(self, session: ServerSession) -> None:
        """Tells a session of changes until it ends, as protocols with a handshake have it; never returns by itself."""
        if self._listener_count >= _MOST_LISTENERS:
            _log.warning("a session is not told of changes of the tools: %d are", _MOST_LISTENERS)
            return
        self._watch()
        # Each session waits for itself: one that takes nothing holds up no other, and misses no more than a repetition.
        changed = anyio.Event()

        def notice(_: object) -> None:
            changed.set()

        unsubscribe = self._bus.subscribe(notice)
        self._listener_count += 1
        try:
            while True:
                await changed.wait()
                changed = anyio.Event()
                await session.send_tool_list_changed()
        finally:
            self._listener_count -= 1
            unsubscribe()

    def listed(self, offered: Mapping[str, OfferedTaskType]) -> None:
        """Takes what a client was shown: where nothing was seen yet, changes are those from there on."""
        if self._before is None:
            self._before = offered

    async def close(self) -> None:
        """Ends the watch, and the streams, which say so."""
        self._streams.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _watch(self) -> None:
        if not self._tasks:
            self._tasks = (asyncio.create_task(self._watch_hosts()), asyncio.create_task(self._publish()))

    async def _watch_hosts(self) -> None:
        client = await self._connect()
        while True:
            hosts: dict[str, tuple[Expert, ...]] = {}
            try:
                async with aclosing(client.hosts.watch()) as changes:
                    async for change in changes:
                        experts = offers.available(change) if isinstance(change, Host) else ()
                        # Queues and memory change all the time, and tools do not with them.
                        if hosts.get(change.name, ()) != experts:
                            hosts[change.name] = experts
                            self._changed.set()
            except OrchestrionError as error:
                _log.warning("the tools on offer are not known now: %s", error.message)
                self._changed.set()
            await asyncio.sleep(_AGAIN_S)

    async def _publish(self) -> None:
        client = await self._connect()
        while True:
            await self._changed.wait()
            await asyncio.sleep(_COALESCED_S)
            self._changed.clear()
            try:
                offered = await offers.current(client)
            except OrchestrionError:
                offered = {}
            if self._before is not None and offered != self._before:
                await self._bus.publish(ToolsListChanged())
            self._before = offered
