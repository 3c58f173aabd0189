"""Makes executions from what all runs share: connections, retries, reservations."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from orchestrion.plans import TaskResult, TaskType
from orchestrion_controller.artifacts.artifacts import OwnedArtifacts
from orchestrion_controller.executor.attempts import CallAttempts, ReplicaSelector
from orchestrion_controller.executor.execution import CallLimits, Execution
from orchestrion_controller.executor.hosts import HostChannels
from orchestrion_controller.executor.reservations import Reservations
from orchestrion_controller.executor.texts import Texts
from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_controller.registry.registry import Registry

_RELEASE_S: Final = 1.0
"""How long hosts have to answer that reservations are released when the controller stops, in seconds."""


class Executor:
    """Runs tasks on the hosts of a registry."""

    def __init__(
        self,
        registry: Registry,
        selector: ReplicaSelector,
        artifacts: OwnedArtifacts,
        metrics: ControllerMetrics,
        max_attempts: int,
        *,
        limits: CallLimits,
        silence_s: float,
    ) -> None:
        """Opens no connection; each is opened at its first call.

        Args:
            registry: The hosts.
            selector: Chooses again after a failure.
            artifacts: The content of files that are read as text.
            metrics: Where tasks and attempts are counted.
            max_attempts: How often one call is tried in all.
            limits: How many calls one run may make.
            silence_s: How long a call may be silent before another replica is tried, as `CallAttempts`.
        """
        self._registry = registry
        self._metrics = metrics
        self._artifacts = artifacts
        self.limits = limits
        """How many calls one run may make."""
        self.clients = HostChannels(registry, metrics)
        """The connections to the hosts."""
        self.attempts = CallAttempts(selector, self.clients, metrics, max_attempts, silence_s=silence_s)
        """Makes calls of experts, those of tasks and others."""
        self._background: set[asyncio.Task[None]] = set()

    def execution(
        self, run: str, task_types: Mapping[str, TaskType], existing: Mapping[str, TaskResult] | None = None
    ) -> Execution:
        """Prepares the execution of one run; `existing` are results that exist already, by task id."""
        reservations = Reservations(run, self._registry, self.clients, self._background)
        return Execution(
            run,
            task_types=task_types,
            existing=existing or {},
            attempts=self.attempts,
            reservations=reservations,
            texts=Texts(self._artifacts),
            metrics=self._metrics,
            limits=self.limits,
        )

    async def close(self) -> None:
        """Has reservations released by the hosts that answer, and closes the connections; others expire."""
        if self._background:
            # A stopped host answers nothing, and is not waited for.
            _, pending = await asyncio.wait(self._background, timeout=_RELEASE_S)
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)
        await self.clients.close()
