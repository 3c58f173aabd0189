"""Retention: which ended runs and which artifacts go, by age, count and size; nothing that something kept refers to.

A run stays while it goes on, and while a run that continues its conversation is kept. An artifact stays while a kept
run refers to it. What goes, goes in small batches, so that runs that go on hardly notice.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Final

from orchestrion_controller.artifacts.artifacts import OwnedArtifacts
from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_controller.runs.runs import RunSupervisor

_log = logging.getLogger(__name__)

_DAY_MS: Final = 86_400_000
_HOUR_MS: Final = 3_600_000
_BATCH: Final = 100
_PAUSE_S: Final = 0.05
"""How long others write between two batches, in seconds."""


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """How long ended runs and their artifacts are kept; 0 sets no limit."""

    runs_days: float = 0.0
    """How long after its end a run is kept, in days."""
    runs_count: int = 0
    """How many ended runs are kept."""
    artifact_bytes: int = 0
    """What the content of artifacts may take, in bytes."""

    @property
    def is_some(self) -> bool:
        """Whether anything is ever removed."""
        return bool(self.runs_days or self.runs_count or self.artifact_bytes)

    @property
    def note(self) -> str:
        """What is said of a run that is not there; empty where none is ever removed."""
        kept = [f"for {self.runs_days:g} days (keep_runs_days)"] if self.runs_days else []
        kept += [f"up to {self.runs_count} (keep_runs_count)"] if self.runs_count else []
        kept += [f"while artifacts take no more than {self.artifact_bytes} bytes (keep_artifact_bytes)"] * bool(
            self.artifact_bytes
        )
        return f" Ended runs are kept {' and '.join(kept)}: it may have been removed." if kept else ""


class Retention:
    """Removes what the policy does not keep."""

    def __init__(
        self, policy: RetentionPolicy, runs: RunSupervisor, artifacts: OwnedArtifacts, metrics: ControllerMetrics
    ) -> None:
        """Keeps the collaborators."""
        self._policy = policy
        self._runs = runs
        self._artifacts = artifacts
        self._expired = metrics.expired
        self._unused_ms = round(policy.runs_days * _DAY_MS) or _DAY_MS

    async def enforce(self) -> None:
        """Removes everything that is to go now.

        Raises:
            OrchestrionError: The database cannot be used; what was removed until then stays so.
        """
        policy, now = self._policy, time.time_ns() // 1_000_000
        if policy.runs_days:
            await self._drop_runs(before_ms=now - self._unused_ms)
        if policy.runs_count:
            await self._drop_runs(kept=policy.runs_count)
        if policy.is_some:
            await self._drop_artifacts(now - self._unused_ms)
        if policy.artifact_bytes:
            await self._shrink(now - _HOUR_MS)

    async def _drop_runs(self, *, before_ms: int | None = None, kept: int = 0) -> None:
        while names := await self._runs.expire(_BATCH, before_ms=before_ms, kept=kept):
            self._count("run", len(names))
            await asyncio.sleep(_PAUSE_S)

    async def _drop_artifacts(self, before_ms: int) -> None:
        while count := await self._artifacts.collect(before_ms, _BATCH):
            self._count("artifact", count)
            await asyncio.sleep(_PAUSE_S)

    async def _shrink(self, before_ms: int) -> None:
        """Removes artifacts that nothing refers to, and then the oldest runs with artifacts, until they fit."""
        most = self._policy.artifact_bytes
        while await self._artifacts.stored_bytes() > most:
            if count := await self._artifacts.collect(before_ms, _BATCH):
                self._count("artifact", count)
            elif names := await self._runs.expire(_BATCH // 10, before_ms=before_ms, with_artifacts=True):
                self._count("run", len(names))
            else:
                _log.warning(
                    "artifacts take more than keep_artifact_bytes, %d: all are new, or of runs that stay", most
                )
                return
            await asyncio.sleep(_PAUSE_S)

    def _count(self, kind: str, count: int) -> None:
        self._expired.labels(kind).inc(count)
        _log.info("retention removed %d %ss", count, kind)
