"""Which experts give way when another needs room. Pure: no clock, no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Resident:
    """An expert on a device, as the policy sees it."""

    expert_id: str
    memory_bytes: int
    last_used: float
    """When it last began or ended a call, in seconds of any clock."""
    evictable: bool
    """Whether it has no hard reservation and no call."""
    reserved: bool = False
    """Whether it has a soft reservation: it gives way after those that have none."""


def choose_victims(residents: Sequence[Resident], wanted_bytes: int) -> tuple[str, ...] | None:
    """Chooses experts whose eviction frees at least `wanted_bytes`: the least recently used, and no more than needed.

    Args:
        residents: The experts on the device.
        wanted_bytes: What must become free; nothing is chosen for 0 or less.

    Returns:
        Their ids in the order in which to evict them; None when all that may go are not enough.
    """
    order = sorted(
        (resident for resident in residents if resident.evictable and resident.memory_bytes > 0),
        key=lambda resident: (resident.reserved, resident.last_used),
    )
    chosen: list[Resident] = []
    freed = 0
    for resident in order:
        if freed >= wanted_bytes:
            break
        chosen.append(resident)
        freed += resident.memory_bytes
    if freed < wanted_bytes:
        return None
    # A large one chosen last may make smaller ones before it needless; the most recently used are spared first.
    for resident in reversed(chosen[:-1]):
        if freed - resident.memory_bytes >= wanted_bytes:
            freed -= resident.memory_bytes
            chosen.remove(resident)
    return tuple(resident.expert_id for resident in chosen)
