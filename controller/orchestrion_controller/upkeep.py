"""What a controller does by itself while it serves: it removes what crashes left behind, and what is not to be kept."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable
from typing import Final

from orchestrion.errors import OrchestrionError
from orchestrion_controller.artifacts.artifacts import OwnedArtifacts
from orchestrion_controller.runs.retention import Retention

_log = logging.getLogger(__name__)

_EVERY_S: Final = 600.0
"""How often it is looked for what is not to be kept any more, in seconds."""


class Upkeep:
    """A task in the background, from the start to the stop."""

    def __init__(self, artifacts: OwnedArtifacts, retention: Retention | None) -> None:
        """Keeps what is looked after; None keeps everything."""
        self._artifacts = artifacts
        self._retention = retention
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins."""
        self._task = asyncio.create_task(self._work(), name="upkeep")

    async def stop(self) -> None:
        """Stops where it is."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _work(self) -> None:
        await _logged("removing files of artifacts that nobody has", self._artifacts.sweep())
        while self._retention is not None:
            await _logged("removing what is not to be kept", self._retention.enforce())
            await asyncio.sleep(_EVERY_S)


async def _logged(what: str, work: Awaitable[object]) -> None:
    """Does some work; where it fails, that is for the log alone: the next start or pass goes on with it."""
    try:
        await work
    except (OrchestrionError, OSError) as error:
        _log.warning("%s failed: %s", what, error)
