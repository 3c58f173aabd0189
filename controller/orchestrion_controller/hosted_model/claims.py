"""Claims that keep a language model's expert loaded between the calls of a run: other experts give way before it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from orchestrion.errors import OrchestrionError
from orchestrion_controller.executor.hosts import HostChannel, HostChannels
from orchestrion_controller.registry.replicas import ReplicaKey


class ExpertClaims:
    """Soft reservations of one expert, which a host ends by itself where they are not renewed.

    The call itself keeps the expert loaded while it goes on; the claim bridges the time until the next one, in which
    the tasks of the plan want memory. Where there is room for one of the two alone, the task gets it.
    """

    def __init__(self, expert_id: str, clients: HostChannels) -> None:
        """Claims nothing yet."""
        self._expert_id = expert_id
        self._clients = clients
        self._reservation = f"llm.{uuid.uuid4().hex}"
        self._claimed: dict[str, HostChannel] = {}
        self._background: set[asyncio.Task[None]] = set()

    def renew(self, replica: ReplicaKey) -> None:
        """Claims the expert on a host from now on, which loads it there where it is not; returns at once."""
        with suppress(OrchestrionError):  # A host that left meanwhile has nothing to claim.
            client = self._claimed[replica[0]] = self._clients.get(replica[0])
            self._spawn(client.reserve(self._expert_id, self._reservation))

    async def release(self) -> None:
        """Gives all claims back."""
        for client in self._claimed.values():
            self._spawn(client.release(self._reservation))
        self._claimed.clear()
        await asyncio.gather(*self._background)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
