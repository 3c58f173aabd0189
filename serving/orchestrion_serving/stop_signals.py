"""SIGTERM and SIGINT of a server with an event loop: also while it starts, the process ends well."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Coroutine
from typing import Any, Final

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_ENDED_AT_ONCE: Final = 130


class StopSignals:
    """The signals of a server with an event loop: the first asks for an end in order, the second ends it at once."""

    def __init__(self) -> None:
        """Takes the signals from now on; made on the event loop."""
        self._requested = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._request)

    async def unless_stopped(self, start: Coroutine[Any, Any, None]) -> bool:
        """Starts the server, and breaks that off when a signal comes first; errors are those of the start.

        Returns:
            Whether it has started.
        """
        starting, requested = asyncio.ensure_future(start), asyncio.ensure_future(self._requested.wait())
        both: list[asyncio.Future[Any]] = [starting, requested]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            starting.cancel()
            await starting
        except asyncio.CancelledError:
            return False
        finally:
            requested.cancel()
        return True

    async def wait(self) -> None:
        """Waits for the first signal."""
        await self._requested.wait()

    def _request(self) -> None:
        if self._requested.is_set():
            os._exit(_ENDED_AT_ONCE)
        self._requested.set()
