"""What a controller does by itself while it serves: it removes what crashes left behind."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from orchestrion.errors import OrchestrionError
from orchestrion_controller.artifacts.artifacts import OwnedArtifacts

_log = logging.getLogger(__name__)


class Upkeep:
    """A task in the background, from the start to the stop."""

    def __init__(self, artifacts: OwnedArtifacts) -> None:
        """Keeps what is looked after."""
        self._artifacts = artifacts
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
        try:
            await self._artifacts.sweep()
        except (OrchestrionError, OSError) as error:
            _log.warning("files of artifacts that nobody has could not be looked for: %s", error)
