"""One run of the simulation: the arrivals of a world, given to hosts by a policy, event by event in order of time."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from benchmarks.selection.hosts import Call, SimulatedHost
from benchmarks.selection.policies import POLICIES
from benchmarks.selection.world import Arrival, World
from orchestrion.plans import Task
from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_controller.registry.registry import Registry, Report

_LEASE_MS: Final = 86_400_000
WARM_UP: Final = 0.25
"""The share of the arrivals at the beginning that are left out of the figures: nothing is loaded then."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run."""

    mean_s: float
    p99_s: float
    load_count: int
    """How many times an expert was loaded."""


class _Clock:
    """Time that jumps from one event to the next."""

    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._numbers), action))

    def run(self) -> None:
        while self._events:
            self.now, _, action = heapq.heappop(self._events)
            action()


async def simulate(world: World, policy_name: str, seed: int) -> Outcome:
    """Runs a world under a policy until the last task is done. On an event loop, whose timers the registry uses."""
    clock = _Clock()
    registry = Registry(_LEASE_MS, ControllerMetrics())
    policy = POLICIES[policy_name](registry, lambda: clock.now, random.Random(f"{policy_name} {seed}"))
    hosts = {plan.name: SimulatedHost(plan, clock, lambda report: _take(registry, report)) for plan in world.hosts}
    times: list[tuple[float, float]] = []

    def arrive(arrival: Arrival, number: int) -> None:
        pair = policy.choose(Task(f"task-{number}", arrival.task_type))
        call = policy.begin(pair)

        def done() -> None:
            policy.end(call)
            times.append((arrival.time_s, clock.now - arrival.time_s))

        hosts[pair[0]].infer(pair[1], Call(arrival.difficulty, done))

    for number, arrival in enumerate(world.arrivals):
        clock.after(arrival.time_s, partial(arrive, arrival, number))
    clock.run()
    registry.close()
    assert len(times) == len(world.arrivals), "every task that came was done"
    times.sort()
    kept = sorted(took for _, took in times[int(WARM_UP * len(times)) :])
    return Outcome(
        mean_s=sum(kept) / len(kept),
        p99_s=kept[-(-99 * len(kept) // 100) - 1],
        load_count=sum(host.load_count for host in hosts.values()),
    )


def _take(registry: Registry, report: Report) -> None:
    registry.report(report, "simulated")
