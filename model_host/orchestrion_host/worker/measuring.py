"""What one load takes of its device, in a process in which other experts may compute, come and go meanwhile."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from orchestrion_host.worker.memory import Gauge


@dataclass(frozen=True, slots=True)
class Measured:
    """What an expert takes of its device, in bytes."""

    memory_bytes: int
    """What it keeps, and what its warm-up took beyond that at its peak."""
    spare_bytes: int = 0
    """The second of the two: set aside for its calls, though not taken while it computes nothing."""
    exact: bool = True
    """Whether no other expert of the process computed or left meanwhile."""

    @property
    def held_bytes(self) -> int:
        """What it keeps."""
        return self.memory_bytes - self.spare_bytes


class Neighbour(Protocol):
    """Another expert of the process."""

    measured: Measured

    @property
    def batch_count(self) -> int:
        """How many batches it was given since it was loaded."""

    @property
    def busy(self) -> bool:
        """Whether it computes something."""


class LoadMeter:
    """Measures one load; loads of a process take turns.

    No system tells which thread of a process took how much, so the growth of the process is what is measured. Where
    another expert computed meanwhile, its own spare share is taken off, a neighbour that left is added again, and the
    result is marked as not exact: its calls may have taken more or less than its warm-up did. The weights are counted
    themselves, and no result is below them: those that are mapped from a file come into memory when they are read.
    Where a library imported more of itself during the load, as transformers does for each architecture, the weights
    stand for what the expert keeps; the rest of the growth stays with the worker when the expert goes, and is its own.
    What a load takes for a moment before its warm-up, such as for a second copy of a file, is not counted.
    """

    def __init__(self, gauge: Gauge, neighbours: Mapping[str, Neighbour]) -> None:
        """Notes what is held before the load.

        Args:
            gauge: The device.
            neighbours: The experts loaded in this process, by id; read again at the end.
        """
        self._gauge = gauge
        self._neighbours = neighbours
        self._at_start = [(name, item, item.batch_count, item.busy) for name, item in list(neighbours.items())]
        self._before_bytes = gauge.held_bytes()
        # After the first reading, which imports what it is read with.
        self._module_count = len(sys.modules)

    def begin_warm_up(self) -> None:
        """Tells that the model is loaded and warms up next."""
        self._gauge.begin_peak()

    def end(self, parameter_bytes: int) -> Measured:
        """Returns what the load took.

        Args:
            parameter_bytes: What its weights take; 0 when not known.
        """
        spare = self._gauge.spare_bytes()
        growth = self._gauge.held_bytes() - self._before_bytes
        foreign, exact = 0, True
        for name, neighbour, batch_count, busy in self._at_start:
            if name not in self._neighbours:
                growth += neighbour.measured.held_bytes
                exact = False
            if busy or neighbour.busy or neighbour.batch_count != batch_count:
                foreign += neighbour.measured.spare_bytes
                exact = False
        imported = len(sys.modules) != self._module_count
        kept = parameter_bytes if imported and parameter_bytes else max(growth, parameter_bytes)
        total = max(kept + spare - foreign, parameter_bytes, 0)
        return Measured(total, max(0, min(spare - foreign, total - parameter_bytes)), exact)
