"""How long one choice takes at the size of the simulation."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from benchmarks.selection import world
from benchmarks.selection.hosts import SimulatedHost
from orchestrion.plans import Task
from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_controller.registry.registry import Registry, Report
from orchestrion_controller.selector.selector import Selector

_TIMES: Final = 200
_WORDS: Final = "Mark the names of all people and places in the report that I attached, and nothing else."


class _StoppedClock:
    now = 0.0

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Nothing happens later."""


async def measure() -> dict[str, float]:
    """Returns microseconds of processor time by what was measured, each the median of many."""
    simulation = world.make(seed=1, load=0.1, seconds=1.0)
    times: dict[str, float] = {}
    registry, reports = _registry(simulation.hosts)
    selector = Selector(registry, 5)
    task = Task("task", "type-00", {"text": _WORDS})
    count = len(registry.replicas(task.type))
    times[f"choice among {count} replicas, nothing changed since"] = _median(lambda: selector.assign(task))
    # A host leaves out what is always true of it once the controller has that.
    report = replace(reports[-1], facts=None)
    times[f"choice among {count} replicas, one host having reported"] = _median(
        lambda: selector.assign(task), lambda: registry.report(report, "speed")
    )
    times[f"a report of a host with {len(report.statuses)} experts"] = _median(lambda: registry.report(report, "speed"))
    registry.close()
    # All 500 experts for one task type, each on one host: the most that there can be to choose among.
    alike = [
        replace(
            host, experts=tuple(replace(item, facts=replace(item.facts, task_types=("type-00",))) for item in chosen)
        )
        for host, chosen in _each_once(simulation.hosts)
    ]
    registry, _ = _registry(alike)
    selector = Selector(registry, 5)
    count = len(registry.replicas(task.type))
    times[f"choice among {count} replicas, all experts of one task type"] = _median(lambda: selector.assign(task))
    registry.close()
    return times


def _each_once(
    hosts: tuple[world.HostPlan, ...],
) -> list[tuple[world.HostPlan, list[world.SimulatedExpert]]]:
    taken: set[str] = set()
    choices = []
    for host in hosts:
        chosen = [item for item in host.experts if item.facts.id not in taken]
        taken.update(item.facts.id for item in chosen)
        choices.append((host, chosen))
    return choices


def _registry(hosts: list[world.HostPlan] | tuple[world.HostPlan, ...]) -> tuple[Registry, list[Report]]:
    registry, reports = Registry(86_400_000, ControllerMetrics()), list[Report]()
    for host in hosts:
        SimulatedHost(host, _StoppedClock(), reports.append)
    for report in reports:
        registry.report(report, "speed")
    return registry, reports


def _median(action: Callable[[], object], before: Callable[[], object] = lambda: None) -> float:
    times = []
    for _ in range(_TIMES):
        before()
        start = time.thread_time_ns()
        action()
        times.append((time.thread_time_ns() - start) / 1000)
    return statistics.median(times)
