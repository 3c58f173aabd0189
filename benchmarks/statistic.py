"""Medians and percentiles."""

from __future__ import annotations

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
