"""One at a time with each content: who adds or removes it finishes, also when the caller has left meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from weakref import WeakValueDictionary

_log = logging.getLogger(__name__)

T = TypeVar("T")


class ContentTurns:
    """Turns by hash. File and rows of a content change together, and nothing that a cancelled call began stays half."""

    def __init__(self) -> None:
        """Starts with nobody's turn."""
        self._contents: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._going: set[asyncio.Task[Any]] = set()

    async def take(self, sha256: str, work: Callable[[], Awaitable[T]]) -> T:
        """Does some work alone with a content, to its end even where the caller is cancelled; raises what it raises."""
        task = asyncio.create_task(self._alone(sha256, work))
        self._going.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    async def finish(self) -> None:
        """Waits until everything that was begun has ended."""
        if self._going:
            await asyncio.wait(self._going)

    async def _alone(self, sha256: str, work: Callable[[], Awaitable[T]]) -> T:
        async with self._contents.setdefault(sha256, asyncio.Lock()):
            return await work()

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._going.discard(task)
        # Nobody reads it where the caller has left.
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.debug("a change of a content failed: %r", error)
