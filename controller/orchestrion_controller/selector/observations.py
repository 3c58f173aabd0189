"""Measurements of attempts: how long calls and loads took, and which failed. Their weight decays with time."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from orchestrion.errors import InternalError, OrchestrionError, Reason, UnavailableError
from orchestrion_controller.registry.replicas import ReplicaKey
from orchestrion_controller.selector.circuits import Circuit
from orchestrion_controller.selector.timing import NOTHING_OBSERVED, Observed, TimeEstimate

NEWEST_WEIGHT: Final = 0.2
"""The weight of the newest call in the moving averages."""
PACE_WEIGHT: Final = 0.05
"""The weight of the newest call in the pace of all experts."""
TIMES_HALF_LIFE_S: Final = 600.0
"""After this long without a call, what was observed counts half, beside what the host reports or its size suggests."""
FAILURES_HALF_LIFE_S: Final = 60.0
"""After this long a failure counts half: a worker is replaced in seconds, a host is mended in minutes."""
_LEAST_FAILURES: Final = 0.01
_FAULTS: Final = frozenset(
    reason.name
    for reason in (
        Reason.EXPERT_LOAD_FAILED,
        Reason.MODEL_INCOMPLETE,
        Reason.EXPERT_UNAVAILABLE,
        Reason.OUT_OF_MEMORY,
    )
)
"""What counts against a replica beside faults and crashes. A bad input, a full queue or a deadline does not."""
_HOST_REASONS: Final = frozenset({Reason.HOST_UNREACHABLE.name, Reason.HOST_DRAINING.name})


@dataclass(slots=True)
class _Average:
    value: float
    time: float


class Observations:
    """What one controller has measured of its replicas."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Starts empty.

        Args:
            clock: A monotonic clock, in seconds.
        """
        self._clock = clock
        self._compute: dict[ReplicaKey, _Average] = {}
        self._load: dict[ReplicaKey, _Average] = {}
        self._failures: dict[ReplicaKey, _Average] = {}
        self._circuits: dict[ReplicaKey, Circuit] = {}
        self._unobserved = NOTHING_OBSERVED
        """Defaults for a replica without calls: the pace of all experts."""

    def of(self, replica: ReplicaKey, reported_compute_s: float = 0.0) -> Observed:
        """Returns what was measured of a replica.

        Args:
            replica: The expert on the host.
            reported_compute_s: What a call takes as the host reports it; the longer ago the last call, the more it
                counts. 0 for not reported.
        """
        if replica not in self._compute and not self._failures and replica not in self._load:
            return self._unobserved
        now = self._clock()
        compute_s = 0.0
        if (average := self._compute.get(replica)) is not None:
            weight = 0.5 ** ((now - average.time) / TIMES_HALF_LIFE_S) if reported_compute_s > 0 else 1.0
            compute_s = weight * average.value + (1 - weight) * reported_compute_s
        load = self._load.get(replica)
        failures = self._faded(replica, now) + self._faded((replica[0], ""), now)
        return Observed(compute_s, load.value if load else 0.0, failures, self._unobserved.pace)

    def succeeded(
        self, replica: ReplicaKey, took_s: float, expected: TimeEstimate | None, size_based_s: float = 0.0
    ) -> None:
        """Learns from a call that succeeded.

        The time is split by the estimate: a load gets what the expected queue and computing leave of it; without a
        load, queue and computing keep their proportion.

        Args:
            replica: The expert on the host.
            took_s: From its start to its outputs, in seconds.
            expected: What was expected when it started; None where nothing was.
            size_based_s: What its computing was to take by the expert's size, in seconds; 0 where not estimated.
        """
        now = self._clock()
        if (failures := self._failures.get(replica)) is not None:
            failures.value /= 2
        self._failures.pop((replica[0], ""), None)
        if self._circuits:
            for key in (replica, (replica[0], "")):
                self._circuits.pop(key, None)
        if expected is None:
            return
        if expected.load_s > 0:
            # Only a load that began with the call was measured whole.
            if not expected.partial:
                _learn(self._load, replica, max(0.0, took_s - expected.wait_s - expected.compute_s), now)
            return
        turns = expected.wait_s + expected.compute_s
        if turns > 0:
            compute_s = took_s * expected.compute_s / turns
            _learn(self._compute, replica, compute_s, now)
            if size_based_s > 0 and compute_s > 0:
                change = PACE_WEIGHT * math.log(compute_s / size_based_s / self._unobserved.pace)
                self._unobserved = Observed(pace=self._unobserved.pace * math.exp(change))

    def failed(self, replica: ReplicaKey, error: OrchestrionError) -> None:
        """Learns from a call that failed, if that counts against the expert or its host."""
        if error.reason in _HOST_REASONS:
            replica = (replica[0], "")
        elif not isinstance(error, InternalError | UnavailableError) and error.reason not in _FAULTS:
            return
        now = self._clock()
        self._failures[replica] = _Average(self._faded(replica, now) + 1, now)
        self._circuits[replica] = self._circuits.get(replica, Circuit()).after_failure(now)

    def began(self, replica: ReplicaKey) -> None:
        """Notes that a call began: the first after a pause is the trial of its circuit."""
        for key in (replica, (replica[0], "")):
            if (circuit := self._circuits.get(key)) is not None:
                self._circuits[key] = circuit.after_start(self._clock())

    def is_open(self, replica: ReplicaKey) -> bool:
        """Whether other replicas go first, since the calls of this one, or of its host, failed in a row."""
        if not self._circuits:
            return False
        circuits = (self._circuits.get(key) for key in (replica, (replica[0], "")))
        return any(circuit.is_open(self._clock()) for circuit in circuits if circuit is not None)

    def _faded(self, replica: ReplicaKey, now: float) -> float:
        failures = self._failures.get(replica)
        if failures is None:
            return 0.0
        faded: float = failures.value * 0.5 ** ((now - failures.time) / FAILURES_HALF_LIFE_S)
        if faded < _LEAST_FAILURES:
            del self._failures[replica]
            return 0.0
        return faded


def _learn(averages: dict[ReplicaKey, _Average], replica: ReplicaKey, value: float, now: float) -> None:
    before = averages.get(replica)
    mean = value if before is None else before.value + NEWEST_WEIGHT * (value - before.value)
    averages[replica] = _Average(mean, now)
