"""Medians, percentiles, and how sure a median is."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Spread:
    """How measured times are spread, in milliseconds."""

    median_ms: float
    p95_ms: float
    count: int

    @classmethod
    def of(cls, times_s: Sequence[float]) -> Self:
        """Sums up times in seconds, at least one."""
        ordered = sorted(times_s)
        # The nearest-rank method: the 48th of 50 is the smallest that 95 % do not exceed.
        p95 = ordered[-(-95 * len(ordered) // 100) - 1]
        return cls(round(statistics.median(ordered) * 1000, 2), round(p95 * 1000, 2), len(ordered))

    def __str__(self) -> str:
        """Returns the median and the 95th percentile."""
        return f"{self.median_ms:8.1f} /{self.p95_ms:7.1f}"


@dataclass(frozen=True, slots=True)
class Median:
    """A median and its 95 % interval, in milliseconds."""

    median_ms: float
    low_ms: float
    high_ms: float

    @classmethod
    def of(cls, times_s: Sequence[float]) -> Self:
        """Sums up times or differences in seconds, at least one.

        The bounds are two of the values, as many places from the middle as a fair coin strays in 95 % of the series of
        so many throws (Conover, Practical Nonparametric Statistics, 3rd edition, section 3.2); no shape of the
        distribution is taken for granted.
        """
        ordered = [time_s * 1000 for time_s in sorted(times_s)]
        count = len(ordered)
        reach = statistics.NormalDist().inv_cdf(0.975) * math.sqrt(count) / 2
        low, high = max(math.floor(count / 2 - reach), 0), min(math.ceil(count / 2 + reach), count - 1)
        return cls(round(statistics.median(ordered), 2), round(ordered[low], 2), round(ordered[high], 2))

    def __str__(self) -> str:
        """Returns the median and the interval."""
        return f"{self.median_ms:.1f} [{self.low_ms:.1f}, {self.high_ms:.1f}]"
