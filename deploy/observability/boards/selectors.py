"""The prefixes of the metrics' names, the selections that variables make, and quantiles in one."""

from __future__ import annotations

from typing import Final

from deploy.observability.promql import quantile

C: Final = "orchestrion_controller"
H: Final = "orchestrion_host"
G: Final = "orchestrion_gateway"
HOST: Final = 'host=~"$host"'
EXPERT: Final = 'expert=~"$expert"'
BOTH: Final = f"{HOST}, {EXPERT}"
SERVERS: Final = 'job=~"orchestrion-.*"'


def tails(metric: str, where: str = "") -> tuple[tuple[str, str], ...]:
    """Returns the queries of the 50th, 95th and 99th percentile of a histogram, with their names."""
    return tuple((quantile(q, metric, where=where), f"p{q * 100:g}") for q in (0.5, 0.95, 0.99))
