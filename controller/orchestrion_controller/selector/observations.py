"""What attempts showed: how long calls and loads took, and which failed. All of it fades."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from orchestrion.errors import InternalError, OrchestrionError, Reason, UnavailableError
from orchestrion_controller.selector.timing import NOTHING_SEEN, Seen, Timing

Pair = tuple[str, str]
"""A host's name and an expert's id."""

NEWEST_WEIGHT: Final = 0.2
"""How much the newest call counts in the moving averages."""
PACE_WEIGHT: Final = 0.05
"""How much the newest call counts in the pace of all experts."""
TIMES_HALF_LIFE_S: Final = 600.0
"""After this long without a call, what was seen counts half, and what the host reports or its size says the rest."""
FAILURES_HALF_LIFE_S: Final = 60.0
"""After this long a failure counts half: a worker is replaced in seconds, a host is mended in minutes."""
_LEAST_FAILURES: Final = 0.01
_FAULTS: Final = frozenset({Reason.EXPERT_LOAD_FAILED.name, Reason.EXPERT_UNAVAILABLE.name, Reason.OUT_OF_MEMORY.name})
"""What speaks against an expert on a host beside faults and crashes. A bad input, a full queue or the end of the time
given does not."""
_OF_THE_HOST: Final = frozenset({Reason.HOST_UNREACHABLE.name, Reason.HOST_DRAINING.name})


@dataclass(slots=True)
class _Average:
    value: float
    time: float


class Observations:
    """The memory of one controller."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Starts knowing nothing.

        Args:
            clock: Tells the time in seconds, from any beginning.
        """
        self._clock = clock
        self._compute: dict[Pair, _Average] = {}
        self._load: dict[Pair, _Average] = {}
        self._failures: dict[Pair, _Average] = {}
        self._unseen = NOTHING_SEEN

    def seen(self, pair: Pair, expected_compute_s: float = 0.0) -> Seen:
        """Tells what was seen of an expert on a host.

        Args:
            pair: The expert on the host.
            expected_compute_s: What a call takes by other signs; the longer ago the last call, the more it counts.
        """
        if pair not in self._compute and not self._failures and pair not in self._load:
            return self._unseen
        now = self._clock()
        compute_s = 0.0
        if (known := self._compute.get(pair)) is not None:
            weight = 0.5 ** ((now - known.time) / TIMES_HALF_LIFE_S) if expected_compute_s > 0 else 1.0
            compute_s = weight * known.value + (1 - weight) * expected_compute_s
        load = self._load.get(pair)
        failures = self._faded(pair, now) + self._faded((pair[0], ""), now)
        return Seen(compute_s, load.value if load else 0.0, failures, self._unseen.pace)

    def succeeded(self, pair: Pair, took_s: float, expected: Timing | None, estimated_s: float = 0.0) -> None:
        """Learns from a call that succeeded.

        What it took is divided as it was expected to be: by how much the whole was longer or shorter, so was each part.

        Args:
            pair: The expert on the host.
            took_s: From its start to its outputs.
            expected: What was expected when it started; None where nothing was.
            estimated_s: What its computing was to take by the expert's size; 0 where that was not estimated.
        """
        now = self._clock()
        if (failures := self._failures.get(pair)) is not None:
            failures.value /= 2
        self._failures.pop((pair[0], ""), None)
        if expected is None:
            return
        if expected.load_s > 0:
            # A load that was found going on was not seen whole, and says nothing of a whole one.
            if not expected.partial:
                _learn(self._load, pair, max(0.0, took_s - expected.wait_s - expected.compute_s), now)
            return
        turns = expected.wait_s + expected.compute_s
        if turns > 0:
            compute_s = took_s * expected.compute_s / turns
            _learn(self._compute, pair, compute_s, now)
            if estimated_s > 0 and compute_s > 0:
                change = PACE_WEIGHT * math.log(compute_s / estimated_s / self._unseen.pace)
                self._unseen = Seen(pace=self._unseen.pace * math.exp(change))

    def failed(self, pair: Pair, error: OrchestrionError) -> None:
        """Learns from a call that failed, if that speaks against the expert or its host."""
        if error.reason in _OF_THE_HOST:
            pair = (pair[0], "")
        elif not isinstance(error, InternalError | UnavailableError) and error.reason not in _FAULTS:
            return
        now = self._clock()
        self._failures[pair] = _Average(self._faded(pair, now) + 1, now)

    def _faded(self, pair: Pair, now: float) -> float:
        known = self._failures.get(pair)
        if known is None:
            return 0.0
        left: float = known.value * 0.5 ** ((now - known.time) / FAILURES_HALF_LIFE_S)
        if left < _LEAST_FAILURES:
            del self._failures[pair]
            return 0.0
        return left


def _learn(averages: dict[Pair, _Average], pair: Pair, value: float, now: float) -> None:
    known = averages.get(pair)
    mean = value if known is None else known.value + NEWEST_WEIGHT * (value - known.value)
    averages[pair] = _Average(mean, now)
