"""Admission: finds room for an expert on a device before it loads, and has others evicted where that helps."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from orchestrion.errors import Reason
from orchestrion_host.changes import Changes
from orchestrion_host.experts.expert import HostedExpert
from orchestrion_host.memory.devices import DeviceAccount, Devices
from orchestrion_host.memory.policy import Resident, choose_victims
from orchestrion_host.memory.worker_shares import WorkerShares
from orchestrion_host.workers.pool import worker_label


class Admission:
    """Decides about room, one expert at a time, so that two loads never evict for the same bytes."""

    def __init__(
        self,
        experts: Mapping[str, HostedExpert],
        devices: Devices,
        shares: WorkerShares,
        room: Changes,
        evict: Callable[[HostedExpert], Awaitable[None]],
    ) -> None:
        """Keeps its collaborators.

        Args:
            experts: All experts of the host by id.
            devices: Where they can be.
            shares: What workers take by themselves.
            room: Waited on while there is no room: told when a call ends, an expert goes, a reservation ends.
            evict: Takes an expert off its device and gives its charge back.
        """
        self._experts = experts
        self._devices = devices
        self._shares = shares
        self._room = room
        self._evict = evict
        self.lock = asyncio.Lock()
        """Held while room is made, and by whoever else takes experts off devices."""

    def check_size(self, expert: HostedExpert) -> None:
        """Sees that some device could hold an expert if it were empty; nothing is evicted for one that none can.

        Raises:
            FailedPreconditionError: EXPERT_TOO_LARGE, with `needed_bytes` and `total_bytes`.
        """
        devices = self._devices_for(expert)
        if any(self._needed(expert, device) <= device.total_bytes for device in devices):
            return
        # The device that comes nearest; without any, what the expert takes and nothing.
        needed, largest = min(
            ((self._needed(expert, device), device.total_bytes) for device in devices),
            key=lambda sizes: sizes[0] - sizes[1],
            default=(expert.needed_bytes, 0),
        )
        text = f"{expert.facts.id} needs {needed:,} bytes; the largest device for it has {largest:,}."
        raise Reason.EXPERT_TOO_LARGE.error(
            text, expert=expert.facts.id, needed_bytes=str(needed), total_bytes=str(largest)
        )

    def has_room(self, expert: HostedExpert) -> bool:
        """Whether an expert could be loaded without evicting one that is reserved or in use."""
        return any(
            choose_victims(
                [resident for resident in self._residents(device) if not resident.reserved],
                self._needed(expert, device) - device.free_bytes,
            )
            is not None
            for device in self._devices_for(expert)
        )

    async def find_room(self, expert: HostedExpert) -> DeviceAccount:
        """Waits until some device has room, evicting what may go, and charges it with the expert.

        Main memory is charged with the worker as well, where that is not there yet.
        """
        while True:
            seen = self._room.count
            async with self.lock:
                device = await self._make_room(expert)
                if device is not None:
                    device.charge(expert.facts.id, expert.needed_on(device.name))
                    label = worker_label(expert.facts, device.name)
                    self._shares.take(label, expert.facts.runtime, device.name)
                    return device
            await self._room.wait(seen)

    async def cover_overdraft(self, expert: HostedExpert, device: DeviceAccount) -> None:
        """Evicts others where an expert turned out larger than its estimate.

        Raises:
            ResourceExhaustedError: OUT_OF_MEMORY: that is not enough.
        """
        async with self.lock:
            wanted = -device.free_bytes
            others = [resident for resident in self._residents(device) if resident.expert_id != expert.facts.id]
            victims = choose_victims(others, wanted)
            for expert_id in victims or ():
                await self._evict(self._experts[expert_id])
        if victims is None:
            text = f"{expert.facts.id} is larger than estimated by {wanted:,} bytes, which experts in use do not leave."
            raise Reason.OUT_OF_MEMORY.error(text, expert=expert.facts.id, missing_bytes=str(wanted))

    async def _make_room(self, expert: HostedExpert) -> DeviceAccount | None:
        devices = self._devices_for(expert)
        for device in devices:
            if self._needed(expert, device) <= device.free_bytes:
                return device
        for device in devices:
            victims = choose_victims(self._residents(device), self._needed(expert, device) - device.free_bytes)
            for expert_id in victims or ():
                await self._evict(self._experts[expert_id])
            # Other programs may have taken what was freed; and a worker that ended must be started again.
            if self._needed(expert, device) <= device.free_bytes:
                return device
        return None

    def _needed(self, expert: HostedExpert, device: DeviceAccount) -> int:
        """Returns what a device must have free: for the expert and, in main memory, for a worker not yet there."""
        needed = expert.needed_on(device.name)
        if device is self._devices.main:
            label = worker_label(expert.facts, device.name)
            needed += self._shares.needed_bytes(label, expert.facts.runtime, device.name)
        return needed

    def _residents(self, device: DeviceAccount) -> list[Resident]:
        return [expert.resident() for expert in self._experts.values() if expert.device == device.name]

    def _devices_for(self, expert: HostedExpert) -> list[DeviceAccount]:
        return self._devices.for_kinds(expert.facts.device_kinds)
