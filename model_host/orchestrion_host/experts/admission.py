"""Admission: finds room for an expert on a device before it loads, and has others evicted where that helps."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from orchestrion.errors import Reason
from orchestrion_host.changes import Changes
from orchestrion_host.experts.expert import HostedExpert
from orchestrion_host.memory.devices import DeviceAccount, Devices
from orchestrion_host.memory.policy import Resident, choose_victims


class Admission:
    """Decides about room, one expert at a time, so that two loads never evict for the same bytes."""

    def __init__(
        self,
        experts: Mapping[str, HostedExpert],
        devices: Devices,
        room: Changes,
        evict: Callable[[HostedExpert], Awaitable[None]],
    ) -> None:
        """Keeps its collaborators.

        Args:
            experts: All experts of the host by id.
            devices: Where they can be.
            room: Waited on while there is no room: told when a call ends, an expert goes, a claim ends.
            evict: Takes an expert off its device and gives its charge back.
        """
        self._experts = experts
        self._devices = devices
        self._room = room
        self._evict = evict
        self.lock = asyncio.Lock()
        """Held while room is made, and by whoever else takes experts off devices."""

    def check_size(self, expert: HostedExpert) -> None:
        """Sees that some device could hold an expert if it were empty; nothing is evicted for one that none can.

        Raises:
            FailedPreconditionError: EXPERT_TOO_LARGE, with `needed_bytes` and `total_bytes`.
        """
        needed = expert.needed_bytes
        largest = max((device.total_bytes for device in self._devices_for(expert)), default=0)
        if needed > largest:
            text = f"{expert.facts.id} needs {needed:,} bytes; the largest device for it has {largest:,}."
            raise Reason.EXPERT_TOO_LARGE.error(
                text, expert=expert.facts.id, needed_bytes=str(needed), total_bytes=str(largest)
            )

    def has_room(self, expert: HostedExpert) -> bool:
        """Whether an expert could be loaded without evicting one that is reserved or in use."""
        return any(
            choose_victims(
                [resident for resident in self._residents(device) if not resident.reserved],
                expert.needed_bytes - device.free_bytes,
            )
            is not None
            for device in self._devices_for(expert)
        )

    async def find_room(self, expert: HostedExpert) -> DeviceAccount:
        """Waits until some device has room, evicting what may go, and charges it with the expert."""
        needed = expert.needed_bytes
        devices = self._devices_for(expert)
        while True:
            seen = self._room.count
            async with self.lock:
                device = await self._make_room(needed, devices)
                if device is not None:
                    device.charge(expert.facts.id, needed)
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

    async def _make_room(self, needed_bytes: int, devices: Sequence[DeviceAccount]) -> DeviceAccount | None:
        for device in devices:
            if needed_bytes <= device.free_bytes:
                return device
        for device in devices:
            victims = choose_victims(self._residents(device), needed_bytes - device.free_bytes)
            for expert_id in victims or ():
                await self._evict(self._experts[expert_id])
            # Other programs may have taken what was freed.
            if needed_bytes <= device.free_bytes:
                return device
        return None

    def _residents(self, device: DeviceAccount) -> list[Resident]:
        return [expert.resident() for expert in self._experts.values() if expert.device == device.name]

    def _devices_for(self, expert: HostedExpert) -> list[DeviceAccount]:
        return self._devices.for_kinds(expert.facts.device_kinds)
