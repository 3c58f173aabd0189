"""The way of tasks from planning to execution."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from orchestrion_controller.executor.execution import FeedItem


class Feed:
    """The way of tasks from planning to execution: unbounded, since a plan is bounded."""

    def __init__(self) -> None:
        """Starts empty and open."""
        self._items: asyncio.Queue[FeedItem | None] = asyncio.Queue()

    def put(self, item: FeedItem) -> None:
        """Hands an item on."""
        self._items.put_nowait(item)

    def close(self) -> None:
        """Says that nothing follows."""
        self._items.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[FeedItem]:
        while (item := await self._items.get()) is not None:
            yield item
