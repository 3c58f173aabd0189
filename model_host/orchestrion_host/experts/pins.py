"""Pins: experts that stay loaded until they are unpinned, also after a crash of their worker or a host's restart."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from pathlib import Path

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.experts import ExpertState
from orchestrion_host.changes import Changes
from orchestrion_host.experts.expert import HostedExpert
from orchestrion_host.experts.loader import ExpertLoader
from orchestrion_host.experts.restarts import pause_s
from orchestrion_host.state_files import write_atomically
from orchestrion_host.uninterrupted import ended

_log = logging.getLogger(__name__)


class Pins:
    """Keeps pinned experts loaded, and a file with their ids."""

    def __init__(
        self,
        path: Path,
        experts: Mapping[str, HostedExpert],
        loader: ExpertLoader,
        changes: Changes,
        room_wait_s: float,
    ) -> None:
        """Reads the file; `start` begins to load.

        Args:
            path: The file, in the host's folder.
            experts: All experts of the host by id.
            loader: Loads them.
            changes: Tells when an expert's state changed.
            room_wait_s: How long a load in the background waits for room, in seconds.
        """
        self._path = path
        self._experts = experts
        self._loader = loader
        self._changes = changes
        self._room_wait_s = room_wait_s
        self._ids = _read(path)
        self._keepers: dict[str, asyncio.Task[None]] = {}

    def start(self) -> None:
        """Begins to load what was pinned. An expert that the host does not have (any more) keeps its pin for later."""
        for expert_id in self._ids:
            if expert_id in self._experts:
                self.resume(self._experts[expert_id])

    def resume(self, expert: HostedExpert) -> None:
        """Keeps an expert loaded if it was pinned before, such as one that the host was given again."""
        if expert.facts.id in self._ids:
            expert.pinned = True
            self._keep(expert)

    async def pin(self, expert: HostedExpert, wait_s: float) -> None:
        """Loads an expert and keeps it so. A pin that cannot be carried out is not kept.

        Args:
            expert: The expert.
            wait_s: How long to wait for room, in seconds.

        Raises:
            OrchestrionError: As `ExpertLoader.load`; STORAGE_FULL: the pin cannot be written down.
        """
        was_pinned, expert.pinned = expert.pinned, True
        try:
            await self._loader.load(expert, wait_s)
            if expert.facts.id not in self._ids:
                self._write({*self._ids, expert.facts.id})
        except BaseException:
            expert.pinned = was_pinned
            raise
        self._keep(expert)
        self._changes.notify()

    async def unpin(self, expert: HostedExpert) -> None:
        """Lets an expert be evicted and unloaded again; one that is not pinned is no error.

        Raises:
            ResourceExhaustedError: STORAGE_FULL: that cannot be written down.
        """
        if expert.facts.id in self._ids:
            self._write(self._ids - {expert.facts.id})
        expert.pinned = False
        keeper = self._keepers.pop(expert.facts.id, None)
        if keeper is not None:
            await ended(keeper)
        self._changes.notify()

    async def close(self) -> None:
        """Stops keeping experts loaded; the pins stay in the file."""
        keepers, self._keepers = self._keepers, {}
        for keeper in keepers.values():
            await ended(keeper)

    def _keep(self, expert: HostedExpert) -> None:
        keeper = self._keepers.get(expert.facts.id)
        if keeper is None or keeper.done():
            self._keepers[expert.facts.id] = asyncio.create_task(self._keep_loaded(expert))

    async def _keep_loaded(self, expert: HostedExpert) -> None:
        """Loads the expert whenever it is not loaded, ever later while that fails."""
        failure_count = 0
        while True:
            seen = self._changes.count
            if expert.state is ExpertState.LOADED:
                await self._changes.wait(seen)
                continue
            try:
                await self._loader.load(expert, self._room_wait_s)
                failure_count = 0
            except OrchestrionError as error:
                failure_count += 1
                pause = max(pause_s(failure_count + 1), expert.crashes.wait_s(time.monotonic()))
                text = "the pinned expert %s could not be loaded; tried again in %.1f s: %s"
                _log.warning(text, expert.facts.id, pause, error.message)
                await asyncio.sleep(pause)

    def _write(self, ids: frozenset[str] | set[str]) -> None:
        try:
            write_atomically(self._path, json.dumps({"pinned": sorted(ids)}, indent=1))
        except OSError as error:
            raise Reason.STORAGE_FULL.error(f"The pin cannot be kept in {self._path}: {error}.") from error
        self._ids = frozenset(ids)


def _read(path: Path) -> frozenset[str]:
    try:
        return frozenset(str(expert_id) for expert_id in json.loads(path.read_bytes())["pinned"])
    except FileNotFoundError:
        return frozenset()
    except (OSError, ValueError, TypeError, KeyError) as error:
        _log.warning("%s cannot be read, so nothing is pinned: %r", path, error)
        return frozenset()
