"""How long one request takes on a platform that does nothing else, seen by its client."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.statistic import Spread
from benchmarks.workload import SHAPES, Shape, check, fresh_text
from orchestrion import AsyncClient
from orchestrion.events import RunFinished, TaskPlanned
from orchestrion.runs import Artifact

DELAYS_MS: Final = (0.0, 200.0)
PICTURE: Final = Path(__file__).parents[1] / "examples" / "pictures" / "station.jpg"
REQUEST: Final = "Read the text in this picture aloud."
_WARM_UP_RUNS: Final = 5


@dataclass(frozen=True, slots=True)
class RunLatency:
    """`RunService.Run` with a submitted plan."""

    shape: str
    delay_ms: float
    """What each task takes."""
    critical_path_ms: float
    """What the tasks take that follow one another: no platform could be faster."""
    first_planned: Spread
    """From the call to the first `task_planned`."""
    total: Spread
    """From the call to `run_finished`."""
    added: Spread
    """The total without the critical path."""


@dataclass(frozen=True, slots=True)
class PlanningLatency:
    """`RunService.Run` with the built-in planner, from the call to the first `task_planned`."""

    request: str
    first_planned: Spread


async def measure_runs(client: AsyncClient, runs: int) -> Sequence[RunLatency]:
    """Measures every shape with every delay, one run at a time.

    The cases take turns, so that whatever else the machine does for a while hits all of them.

    Raises:
        RuntimeError: A run failed.
        OrchestrionError: A call failed.
    """
    cases = [(shape, delay_ms) for delay_ms in DELAYS_MS for shape in SHAPES]
    for shape in SHAPES * _WARM_UP_RUNS:
        await _one(client, shape, 0.0)
    times: dict[tuple[Shape, float], list[tuple[float, float]]] = {case: [] for case in cases}
    for _ in range(runs):
        for case in cases:
            times[case].append(await _one(client, *case))
    return [_summary(shape, delay_ms, times[shape, delay_ms]) for shape, delay_ms in cases]


async def measure_planning(client: AsyncClient, runs: int) -> PlanningLatency:
    """Measures how soon a request in free words, which needs a chain, has its first task; its run is then cancelled.

    Raises:
        OrchestrionError: A call failed.
        RuntimeError: The request was not planned.
    """
    picture = await client.artifacts.upload(PICTURE)
    async with aclosing(client.run(REQUEST, [picture], planner="builtin")) as events:
        async for event in events:
            check(event)  # Whole, once: the experts are loaded now, and stay so.
    return PlanningLatency(REQUEST, Spread.of([await _first_planned(client, picture) for _ in range(runs)]))


async def _one(client: AsyncClient, shape: Shape, delay_ms: float) -> tuple[float, float]:
    """Runs a plan; returns the seconds to the first planned task, and to the end of the run."""
    text = fresh_text()
    plan = shape.make(text, delay_ms)
    planned = finished = None
    started = time.perf_counter()
    async with aclosing(client.run("Pass the text on.", plan=plan)) as events:
        async for event in events:
            check(event, text)
            if isinstance(event.payload, TaskPlanned) and planned is None:
                planned = time.perf_counter() - started
            elif isinstance(event.payload, RunFinished):
                finished = time.perf_counter() - started
    if planned is None or finished is None:
        raise RuntimeError("A run ended without a task or without its last event.")
    return planned, finished


async def _first_planned(client: AsyncClient, picture: Artifact) -> float:
    started = time.perf_counter()
    async with aclosing(client.run(REQUEST, [picture], planner="builtin")) as events:
        async for event in events:
            if isinstance(event.payload, TaskPlanned):
                elapsed = time.perf_counter() - started
                # Ends when the experts have stopped: the next run finds the machine quiet.
                await client.runs.cancel(event.run)
                return elapsed
    raise RuntimeError(f"The built-in planner planned no task for {REQUEST!r}.")


def _summary(shape: Shape, delay_ms: float, times: Sequence[tuple[float, float]]) -> RunLatency:
    critical_path_ms = shape.depth * delay_ms
    totals = [total for _, total in times]
    return RunLatency(
        shape=shape.name,
        delay_ms=delay_ms,
        critical_path_ms=critical_path_ms,
        first_planned=Spread.of([planned for planned, _ in times]),
        total=Spread.of(totals),
        added=Spread.of([total - critical_path_ms / 1000 for total in totals]),
    )
