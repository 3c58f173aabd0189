"""Keeps the host listed: one stream of reports to the controller, opened again for as long as the host lives."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator
from typing import Final

import grpc

from orchestrion._net.transport import error_of
from orchestrion.errors import OrchestrionError
from orchestrion.v1 import registry_service_pb2 as messages
from orchestrion.v1.registry_service_pb2_grpc import RegistryServiceStub
from orchestrion_host.changes import Changes
from orchestrion_host.report import HostDescription
from orchestrion_host.uninterrupted import ended

_log = logging.getLogger(__name__)
_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 5.0
# Changes come in bunches: a report waits this long for the others of its bunch.
_COALESCE_S: Final = 0.02
# How long a host that stops waits until the controller has noted it.
_NOTED_WITHIN_S: Final = 2.0
# Until the first answer tells the lease.
_FIRST_LEASE_S: Final = 5.0


class Advertiser:
    """Sends a full report at each change and at a third of the lease. Runs until it is closed."""

    def __init__(self, channel: grpc.aio.Channel, description: HostDescription, changes: Changes) -> None:
        """Keeps its collaborators; `start` begins."""
        self._stub = RegistryServiceStub(channel)
        self._description = description
        self._changes = changes
        self._task: asyncio.Task[None] | None = None
        self._lease_s = _FIRST_LEASE_S
        self._digest_known = ""
        self._unanswered = 0
        self._says_draining = False
        self._is_noted = asyncio.Event()
        self.connected = False
        """Whether a controller lists the host now."""

    def start(self) -> None:
        """Begins to advertise."""
        self._task = asyncio.create_task(self._run())

    async def drain(self) -> None:
        """Tells the controller that the host takes nothing new, and returns when it knows, or does not answer."""
        self._description.draining = True
        self._changes.notify()
        # A controller that is not there is not waited for.
        if self.connected:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._is_noted.wait(), _NOTED_WITHIN_S)

    async def close(self) -> None:
        """Ends the stream."""
        if self._task is not None:
            await ended(self._task)

    async def _run(self) -> None:
        pause = _FIRST_PAUSE_S
        is_reported = False
        while True:
            error = await self._stream()
            if self.connected:
                self.connected, is_reported, pause = False, False, _FIRST_PAUSE_S
            if not is_reported:
                _log.warning("the controller does not list this host (%s); trying on", error.message)
                is_reported = True
            # Full jitter: hosts that lost the same controller do not come back in step.
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    async def _stream(self) -> OrchestrionError:
        """Advertises over one stream until it breaks, and returns why it did."""
        self._digest_known, self._unanswered = "", 0
        call = self._stub.Advertise(self._reports())
        try:
            async for order in call:
                self._take(order)
        except grpc.RpcError as failure:
            return error_of(failure, "/orchestrion.v1.RegistryService/Advertise")
        finally:
            call.cancel()
        return OrchestrionError("the controller closed the stream")

    def _take(self, order: messages.HostOrder) -> None:
        if not self.connected:
            _log.info("listed by the controller")
            self.connected = True
        self._unanswered -= 1
        if self._says_draining and not self._unanswered:
            self._is_noted.set()
        lease_s = order.lease_ms / 1000
        if order.facts_wanted or lease_s != self._lease_s:
            if order.facts_wanted:
                self._digest_known = ""
            self._lease_s = lease_s if lease_s > 0 else _FIRST_LEASE_S
            self._changes.notify()

    async def _reports(self) -> AsyncIterator[messages.HostReport]:
        while True:
            seen = self._changes.count
            report = self._description.report(self._digest_known)
            self._digest_known = report.facts_digest
            self._unanswered += 1
            self._says_draining = report.draining
            yield report
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._lease_s / 3):
                    await self._changes.wait(seen)
                    await asyncio.sleep(_COALESCE_S)
