"""Long work on the event loop in slices: between two of them everybody else has a turn."""

from __future__ import annotations

import asyncio
from typing import Final

_MOST_STEPS: Final = 2_000
"""Steps of one slice; one takes some microseconds, such as a value that is checked."""


class Slices:
    """Counts the steps of a piece of work, and gives the event loop away where a slice has as many as it may."""

    def __init__(self) -> None:
        """Begins a slice."""
        self._left = _MOST_STEPS

    async def take(self, steps: int) -> None:
        """Goes on once there is room for so many steps; what takes more than a slice has one to itself."""
        if steps > self._left:
            await asyncio.sleep(0)
            self._left = _MOST_STEPS
        self._left -= steps
