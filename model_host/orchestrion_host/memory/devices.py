"""The devices of this host and the account of each: who has how much of its memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from orchestrion.experts import Device
from orchestrion_host.memory.probe import ProbedDevice


@dataclass(frozen=True, slots=True)
class _Charge:
    memory_bytes: int
    promised_bytes: int
    """What of it is set aside but need not be taken yet."""


class DeviceAccount:
    """One device. Whoever takes of it is charged before with an estimate, and after with what was measured."""

    def __init__(self, device: ProbedDevice, *, budget_bytes: int | None, measure: Callable[[], int] | None) -> None:
        """Opens the account.

        Args:
            device: The device.
            budget_bytes: What experts may take of it; None for all that is free.
            measure: Tells what is free on the device now, whoever takes the rest; None where that cannot be asked at
                any time. What other programs take is then as it was found, until `observe` tells better.
        """
        self.name = device.name
        self.model = device.model
        self.total_bytes = device.total_bytes if budget_bytes is None else budget_bytes
        self.counts_workers = budget_bytes is None
        """Whether workers are charged for what they take by themselves; a budget is for experts alone."""
        self._measure = measure if budget_bytes is None else None
        self._samples_outside = budget_bytes is None and measure is None
        self._outside_bytes = device.total_bytes - device.free_bytes if self._samples_outside else 0
        self._charges: dict[str, _Charge] = {}
        self._workers: dict[str, _Charge] = {}

    @property
    def used_bytes(self) -> int:
        """What experts and, where they count, workers take of it."""
        return sum(charge.memory_bytes for charge in self._counted())

    @property
    def free_bytes(self) -> int:
        """What a further expert may take; negative when measured experts take more than there is."""
        free = self.total_bytes - self._outside_bytes - self.used_bytes
        if self._measure is None:
            return free
        # What loads or waits for calls was promised its share but has not taken all of it.
        promised = sum(charge.promised_bytes for charge in self._counted())
        return min(free, self._measure() - promised)

    @property
    def workers(self) -> Mapping[str, int]:
        """What each worker takes by itself, counted or not, by its label."""
        return {label: charge.memory_bytes for label, charge in list(self._workers.items())}

    def charged_bytes(self, expert_id: str) -> int:
        """Returns what an expert takes of it or is promised; 0 for one that is not on it."""
        charge = self._charges.get(expert_id)
        return 0 if charge is None else charge.memory_bytes

    def charge(self, expert_id: str, memory_bytes: int) -> None:
        """Sets aside what an expert is going to take."""
        self._charges[expert_id] = _Charge(memory_bytes, memory_bytes)

    def settle(self, expert_id: str, memory_bytes: int, spare_bytes: int = 0) -> None:
        """Replaces the estimate by what was measured.

        Args:
            expert_id: The expert.
            memory_bytes: All that it takes while it computes.
            spare_bytes: What of that it does not hold while it computes nothing.
        """
        self._charges[expert_id] = _Charge(memory_bytes, spare_bytes)

    def give_back(self, expert_id: str) -> None:
        """Ends an expert's charge, if there is one."""
        self._charges.pop(expert_id, None)

    def charge_worker(self, label: str, memory_bytes: int) -> None:
        """Sets aside what a worker is going to take by itself; one that has its charge keeps it."""
        self._workers.setdefault(label, _Charge(memory_bytes, memory_bytes))

    def settle_worker(self, label: str, memory_bytes: int) -> None:
        """Replaces a worker's estimate by what was measured."""
        self._workers[label] = _Charge(memory_bytes, 0)

    def give_back_worker(self, label: str) -> None:
        """Ends a worker's charge, if there is one."""
        self._workers.pop(label, None)

    def observe(self, free_bytes: int) -> None:
        """Takes in what was free on the device a moment ago, from which follows what other programs take.

        The allocators in workers keep what a warm-up took at its peak, so experts hold what they are charged with. What
        is still being loaded counts as the others' until the next sample: rather too little is free than too much.
        """
        if self._samples_outside:
            settled = sum(charge.memory_bytes for charge in self._counted() if not _loads(charge))
            self._outside_bytes = max(0, self.total_bytes - free_bytes - settled)

    def describe(self) -> Device:
        """Describes the device as it is now."""
        return Device(self.name, self.total_bytes, max(0, self.free_bytes), self.model)

    def _counted(self) -> list[_Charge]:
        # A copy: metrics are read on another thread.
        return [*self._charges.values(), *(self._workers.values() if self.counts_workers else ())]


class Devices:
    """All devices, those to prefer first."""

    def __init__(self, accounts: Sequence[DeviceAccount]) -> None:
        """Keeps them in the order given."""
        self.accounts = tuple(accounts)

    @property
    def main(self) -> DeviceAccount:
        """Main memory, where every worker takes its share, whatever device its experts are on."""
        return self.named("cpu")

    def named(self, name: str) -> DeviceAccount:
        """Returns the device of that name, which must be one."""
        return next(account for account in self.accounts if account.name == name)

    def for_kinds(self, kinds: Sequence[str]) -> list[DeviceAccount]:
        """Returns the devices of the given kinds (`cuda`, `cpu`), in the order of the kinds."""
        return [account for kind in kinds for account in self.accounts if account.name.split(":")[0] == kind]

    def describe(self) -> tuple[Device, ...]:
        """Describes all devices as they are now."""
        return tuple(account.describe() for account in self.accounts)


def _loads(charge: _Charge) -> bool:
    return charge.promised_bytes == charge.memory_bytes
