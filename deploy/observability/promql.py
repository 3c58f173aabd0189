"""Queries in PromQL that have an answer whenever there is an honest one.

A counter with labels has no series until it counted once, and a quotient of nothing is no number. So a count that never
happened is asked for as 0, and quantiles leave out what was not observed.
"""

from __future__ import annotations

from typing import Final

STEP: Final = "$__rate_interval"
"""Grafana's variable for a window that has at least four scrapes in it."""


def or_zero(query: str) -> str:
    """Returns 0 where a query has no series at all; with any, nothing is added to them."""
    return f"({query}) or on () vector(0)"


def rate(metric: str, by: str = "", where: str = "", window: str = STEP) -> str:
    """Returns how often a second a counter counts, summed over all but the labels in `by`."""
    return or_zero(bare_rate(metric, by, where, window))


def bare_rate(metric: str, by: str = "", where: str = "", window: str = STEP) -> str:
    """Returns the same without series where nothing was ever counted, as one side of a quotient."""
    return f"sum{_by(by)} (rate({metric}{_where(where)}[{window}]))"


def quantile(fraction: float, metric: str, by: str = "", where: str = "", window: str = STEP) -> str:
    """Returns a quantile of a histogram, in its unit; without a point where nothing was observed in the window."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({fraction:g}, {bare_rate(f'{metric}_bucket', labels, where, window)}) >= 0"


def mean(metric: str, by: str = "", where: str = "", window: str = STEP) -> str:
    """Returns the mean of what a histogram observed, in its unit."""
    total, count = (bare_rate(f"{metric}_{end}", by, where, window) for end in ("sum", "count"))
    return f"{total} / ({count} > 0)"


def share(part: str, whole: str) -> str:
    """Returns part / whole, 0 to 1, and 0 where there is nothing to divide."""
    return or_zero(f"{part} / ({whole} > 0)")


def total(metric: str, by: str = "", where: str = "") -> str:
    """Returns the sum of a gauge."""
    return or_zero(f"sum{_by(by)} ({metric}{_where(where)})")


def _by(labels: str) -> str:
    return f" by ({labels})" if labels else ""


def _where(matchers: str) -> str:
    return f"{{{matchers}}}" if matchers else ""
