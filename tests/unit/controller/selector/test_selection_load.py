"""The simulation at a small size: rank is no slower than any other way of choosing, on the same hosts and arrivals."""

from __future__ import annotations

import pytest

from benchmarks.selection import world
from benchmarks.selection.policies import POLICIES
from benchmarks.selection.simulation import simulate


@pytest.mark.tasks
@pytest.mark.parametrize("task_types", [25, 500])
async def test_rank_beats_random_most_downloaded_and_least_loaded(task_types: int) -> None:
    workload = world.make(seed=21, load=0.3, seconds=40.0, task_type_count=task_types)
    assert (len(workload.hosts), len({item.facts.id for host in workload.hosts for item in host.experts})) == (50, 500)

    latencies = {name: await simulate(workload, name, 21) for name in POLICIES}

    for other in ("random", "most-downloaded", "least-loaded"):
        assert latencies["rank"].mean_s < latencies[other].mean_s, other
        assert latencies["rank"].p99_s < latencies[other].p99_s, other


async def test_the_same_seed_gives_the_same_figures() -> None:
    workload = world.make(seed=3, load=0.2, seconds=10.0)
    assert workload == world.make(seed=3, load=0.2, seconds=10.0)
    assert await simulate(workload, "rank", 3) == await simulate(workload, "rank", 3)
