"""What is free on graphics devices while the host runs: other programs take of them, and give back, as they like."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from orchestrion_host.changes import Changes
from orchestrion_host.memory import probe
from orchestrion_host.memory.devices import DeviceAccount, Devices
from orchestrion_host.uninterrupted import ended

_log = logging.getLogger(__name__)
# A query takes some tens of milliseconds of another process.
_INTERVAL_S: Final = 5.0
# Less than this share of a device is no news.
_NOTICEABLE: Final = 0.01


class GraphicsWatch:
    """Samples the free memory of graphics devices every few seconds; does nothing where there are none."""

    def __init__(self, devices: Devices, changes: Changes, interval_s: float = _INTERVAL_S) -> None:
        """Keeps its collaborators; `start` begins.

        Args:
            devices: All devices of the host.
            changes: Told when noticeably more or less is free, for reports and for loads that wait for room.
            interval_s: The time between two samples, in seconds.
        """
        self._accounts = devices.for_kinds(["cuda"])
        self._changes = changes
        self._interval_s = interval_s
        self._task: asyncio.Task[None] | None = None
        self._answers = True

    def start(self) -> None:
        """Begins to sample, if there is anything to sample."""
        if self._accounts:
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Ends it."""
        if self._task is not None:
            await ended(self._task)

    async def sample(self) -> None:
        """Asks once, and enters the answer into the accounts. Devices without an answer stay as they were."""
        try:
            devices = {device.name: device for device in await probe.ask_nvidia()}
        except (OSError, TimeoutError):
            devices = {}
        self._tell_whether(bool(devices))
        news = False
        for account in self._accounts:
            if account.name in devices:
                news = self._observe(account, devices[account.name].free_bytes) or news
        if news:
            self._changes.notify()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._interval_s)
            await self.sample()

    def _observe(self, account: DeviceAccount, free_bytes: int) -> bool:
        before = account.free_bytes
        account.observe(free_bytes)
        return abs(account.free_bytes - before) > _NOTICEABLE * account.total_bytes

    def _tell_whether(self, answers: bool) -> None:
        if self._answers and not answers:
            _log.warning("nvidia-smi does not answer any more; free memory of graphics devices is as it was last known")
        self._answers = answers
