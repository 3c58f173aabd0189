"""The devices of this host and the account of each: which expert has how much of its memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from orchestrion.experts import Device
from orchestrion_host.memory.probe import FoundDevice


class DeviceAccount:
    """One device. Experts are charged before they load, with an estimate, and after, with what was measured."""

    def __init__(self, found: FoundDevice, *, budget_bytes: int | None, measure: Callable[[], int] | None) -> None:
        """Opens the account.

        Args:
            found: The device.
            budget_bytes: What experts may take of it; None for all that is free.
            measure: Tells what is free on the device now, whoever takes the rest; None where that is not known.
        """
        self.name = found.name
        self.model = found.model
        self.total_bytes = found.total_bytes if budget_bytes is None else budget_bytes
        self._measure = measure if budget_bytes is None else None
        # Other programs' share counts as taken where it cannot be asked for again.
        self._outside_bytes = found.total_bytes - found.free_bytes if budget_bytes is None and measure is None else 0
        self._charges: dict[str, int] = {}
        self._loading: set[str] = set()

    @property
    def used_bytes(self) -> int:
        """What experts take of it."""
        return sum(self._charges.values())

    @property
    def free_bytes(self) -> int:
        """What a further expert may take; negative when measured experts take more than there is."""
        free = self.total_bytes - self._outside_bytes - self.used_bytes
        if self._measure is None:
            return free
        # What still loads was promised its share but may not have taken it yet.
        promised = sum(self._charges[expert_id] for expert_id in self._loading)
        return min(free, self._measure() - promised)

    def charge(self, expert_id: str, memory_bytes: int) -> None:
        """Sets aside what an expert is going to take."""
        self._charges[expert_id] = memory_bytes
        self._loading.add(expert_id)

    def settle(self, expert_id: str, memory_bytes: int) -> None:
        """Replaces the estimate by what was measured."""
        self._charges[expert_id] = memory_bytes
        self._loading.discard(expert_id)

    def give_back(self, expert_id: str) -> None:
        """Ends an expert's charge, if there is one."""
        self._charges.pop(expert_id, None)
        self._loading.discard(expert_id)

    def describe(self) -> Device:
        """Describes the device as it is now."""
        return Device(self.name, self.total_bytes, max(0, self.free_bytes), self.model)


class Devices:
    """All devices, those to prefer first."""

    def __init__(self, accounts: Sequence[DeviceAccount]) -> None:
        """Keeps them in the order given."""
        self.accounts = tuple(accounts)

    def named(self, name: str) -> DeviceAccount:
        """Returns the device of that name, which must be one."""
        return next(account for account in self.accounts if account.name == name)

    def for_kinds(self, kinds: Sequence[str]) -> list[DeviceAccount]:
        """Returns the devices of the given kinds (`cuda`, `cpu`), in the order of the kinds."""
        return [account for kind in kinds for account in self.accounts if account.name.split(":")[0] == kind]

    def describe(self) -> tuple[Device, ...]:
        """Describes all devices as they are now."""
        return tuple(account.describe() for account in self.accounts)
