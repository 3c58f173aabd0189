"""What an expert did since the host started: how many calls and batches, and how long they took."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """How often something happened, and how long it took together."""

    count: int = 0
    nanoseconds: int = 0

    def add(self, seconds: float) -> None:
        """Counts one more."""
        self.count += 1
        self.nanoseconds += round(max(seconds, 0.0) * 1e9)


@dataclass(slots=True)
class CallStatistics:
    """The calls of one expert for one task type, whatever API they came by."""

    succeeded: Tally = field(default_factory=Tally)
    """Calls with outputs, from their arrival to these."""
    failed: Tally = field(default_factory=Tally)
    """Calls that failed, or were turned away."""
    cancelled_count: int = 0
    """Calls that nobody waited for any more."""
    queue: Tally = field(default_factory=Tally)
    """Waiting: for the expert, for inputs, for a free instance."""
    inputs: Tally = field(default_factory=Tally)
    """Fetching and keeping inputs, which is part of the waiting."""
    compute: Tally = field(default_factory=Tally)
    """The forward pass, as each call in it sees it."""
    outputs: Tally = field(default_factory=Tally)
    """Storing or reading outputs."""
    kept: Tally = field(default_factory=Tally)
    """Calls answered from kept results."""
    not_kept: Tally = field(default_factory=Tally)
    """Calls whose result may be kept and was not there."""
    batches: dict[int, Tally] = field(default_factory=lambda: defaultdict(Tally))
    """Forward passes by how many calls they took."""
    last_call_ms: int = 0
    """When the last call came, in milliseconds since 1970; 0 for never."""

    def arrived(self) -> None:
        """Notes that a call came."""
        self.last_call_ms = time.time_ns() // 1_000_000


class ExpertStatistics:
    """The statistics of one expert, by task type."""

    def __init__(self) -> None:
        """Starts with nothing."""
        self._by_task_type: dict[str, CallStatistics] = {}

    def of(self, task_type: str) -> CallStatistics:
        """Returns those of a task type."""
        return self._by_task_type.setdefault(task_type, CallStatistics())

    def note_batch(self, task_type: str, size: int, compute_ms: float) -> None:
        """Counts a forward pass that ended."""
        self.of(task_type).batches[size].add(compute_ms / 1000)
