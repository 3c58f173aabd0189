"""Reserves experts for tasks whose inputs do not exist yet, so that weights load while predecessors run."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from orchestrion.errors import OrchestrionError
from orchestrion.experts import ExpertState
from orchestrion_controller.dispatch import AssignedTask
from orchestrion_controller.executor.hosts import HostChannel, HostChannels
from orchestrion_controller.registry.registry import Registry


class Reservations:
    """The reservations of one run. They are off the critical path: no task waits for a host's answer."""

    def __init__(
        self, run: str, registry: Registry, clients: HostChannels, background: set[asyncio.Task[None]]
    ) -> None:
        """Starts without reservations.

        Args:
            run: The name of the run.
            registry: Has what is loaded already.
            clients: Reach the hosts.
            background: Holds asyncio tasks that outlive the run, which release reservations.
        """
        self._prefix = run.removeprefix("runs/")
        self._registry = registry
        self._clients = clients
        self._background = background
        self._reserved: dict[str, HostChannel] = {}

    def reserve(self, assigned: AssignedTask) -> str:
        """Reserves the expert of a task.

        Returns:
            The reservation's id; empty where the expert is loaded already, or its host is not listed.
        """
        assignment = assigned.assignment
        if self._is_loaded(assignment.host, assignment.expert_id):
            return ""
        try:
            client = self._clients.get(assignment.host)
        except OrchestrionError:
            return ""
        reservation = f"{self._prefix}.{assigned.task.id}"[:64]
        self._reserved[reservation] = client
        self._spawn(client.reserve(assignment.expert_id, reservation))
        return reservation

    def release_all(self) -> None:
        """Releases every reservation. Those that an inference consumed have ended already, which is no error."""
        for reservation, client in self._reserved.items():
            self._spawn(client.release(reservation))
        self._reserved.clear()

    def _is_loaded(self, host_name: str, expert_id: str) -> bool:
        host = self._registry.host(host_name)
        statuses = host.statuses if host else ()
        return any(status.expert_id == expert_id and status.state is ExpertState.LOADED for status in statuses)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
