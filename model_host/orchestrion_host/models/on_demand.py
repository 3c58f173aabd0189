"""Experts whose files are not here yet: fetched when a task needs them, where the host's settings say so."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator

from orchestrion.errors import OrchestrionError
from orchestrion.experts import ExpertState
from orchestrion.inference import InferProgress
from orchestrion_host.experts.expert import HostedExpert
from orchestrion_host.models.pulling import Pulling

_log = logging.getLogger(__name__)


class OnDemand:
    """Fetches experts for those who need them."""

    def __init__(self, pulling: Pulling, *, enabled: bool) -> None:
        """Keeps who fetches, and whether that is wanted."""
        self._pulling = pulling
        self._enabled = enabled
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def fetch(self, expert: HostedExpert) -> AsyncGenerator[InferProgress, None]:
        """Fetches an expert unless its files are here, and yields the progress.

        Raises:
            OrchestrionError: EXPERT_NOT_FETCHED: they are not, and the host fetches nothing by itself; or as the API
                says of `PullModel`.
        """
        if expert.state is not ExpertState.TO_BE_FETCHED:
            return
        if not self._enabled:
            expert.check_usable()
        async with contextlib.aclosing(self._pulling.pull(expert.facts.id)) as progress:
            async for step in progress:
                fraction = step.done_bytes / step.total_bytes if step.total_bytes else None
                yield InferProgress(fraction, step.message)

    async def ensure(self, expert: HostedExpert) -> None:
        """Fetches an expert unless its files are here. Raises as `fetch`."""
        async with contextlib.aclosing(self.fetch(expert)) as progress:
            async for _ in progress:
                pass

    def begin(self, expert: HostedExpert) -> bool:
        """Begins to fetch an expert whose files are not here, for nobody in particular, where the host does that.

        Returns:
            Whether they are fetched now.
        """
        if expert.state is not ExpertState.TO_BE_FETCHED or not self._enabled:
            return False
        name = expert.facts.id
        if name not in self._tasks:
            task = self._tasks[name] = asyncio.create_task(self._quietly(expert))
            task.add_done_callback(lambda _: self._tasks.pop(name, None))
        return True

    async def close(self) -> None:
        """Gives up what was begun."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _quietly(self, expert: HostedExpert) -> None:
        try:
            await self.ensure(expert)
        except OrchestrionError as error:
            _log.warning("%s could not be fetched: %s", expert.facts.id, error.message)
