"""The world of the simulation: hosts, experts and requirements, all drawn from one seed before any policy sees them."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from orchestrion.experts import Expert

GIB: Final = 1 << 30
HOSTS: Final = 50
EXPERTS: Final = 500
COPIES: Final = 6
"""On how many hosts the files of an expert are."""
ZIPF: Final = 1.1
"""The exponent of the requirements: the first task type is asked for 2.1 times as often as the second, and so on."""


@dataclass(frozen=True, slots=True)
class SimulatedExpert:
    """An expert and what it really takes, which nobody is told beforehand."""

    facts: Expert
    compute_s: float
    """A call alone, on a host of speed 1."""


@dataclass(frozen=True, slots=True)
class HostPlan:
    """A host as it will be built for each policy anew."""

    name: str
    memory_bytes: int
    speed: float
    """How fast it computes; 1 is usual."""
    disk_bytes_per_s: float
    experts: tuple[SimulatedExpert, ...]


@dataclass(frozen=True, slots=True)
class Arrival:
    """One task that somebody wants done."""

    time_s: float
    task_type: str
    difficulty: float
    """What its computing takes, as a factor."""


@dataclass(frozen=True, slots=True)
class World:
    """Everything that is given."""

    hosts: tuple[HostPlan, ...]
    arrivals: tuple[Arrival, ...]
    capacity_per_s: float
    """How many calls a second the devices could do if every call found an average expert loaded, alone in its batch."""


def make(seed: int, load: float, seconds: float, task_type_count: int = 25) -> World:
    """Draws a world.

    Args:
        seed: What it is drawn from.
        load: How many calls arrive, as a share of the capacity.
        seconds: For how long.
        task_type_count: How many task types the experts are spread over.
    """
    generator = random.Random(seed)
    experts = [_expert(generator, number, task_type_count) for number in range(EXPERTS)]
    placed: list[list[SimulatedExpert]] = [[] for _ in range(HOSTS)]
    for expert in experts:
        for number in generator.sample(range(HOSTS), COPIES):
            placed[number].append(expert)
    hosts = tuple(
        HostPlan(
            name=f"hosts/{number:02}",
            memory_bytes=generator.choice((16, 24, 24, 48)) * GIB,
            speed=min(2.0, max(0.5, generator.lognormvariate(0, 0.3))),
            disk_bytes_per_s=generator.uniform(0.3e9, 1.2e9),
            experts=tuple(copies),
        )
        for number, copies in enumerate(placed)
    )
    mean_s = sum(expert.compute_s for expert in experts) / len(experts)
    capacity = sum(host.speed for host in hosts) / mean_s
    return World(hosts, tuple(_arrivals(generator, capacity * load, seconds, task_type_count)), capacity)


def _expert(generator: random.Random, number: int, task_type_count: int) -> SimulatedExpert:
    memory = int(min(14.0, max(0.1, generator.lognormvariate(math.log(1.5), 0.8))) * GIB)
    # Popularity falls off steeply within a task type, and has nothing to do with size or speed.
    downloads = int(generator.lognormvariate(math.log(20_000), 2.5))
    facts = Expert(
        id=f"expert-{number:03}",
        model=f"hub/model-{number:03}",
        runtime="transformers",
        task_types=(f"type-{number % task_type_count:02}",),
        description="Does what it is for.",
        license="Apache-2.0",
        memory_bytes=memory,
        download_count=downloads,
        like_count=downloads // 2_000,
        max_batch_size=generator.choice((1, 4, 8)),
    )
    return SimulatedExpert(facts, (0.1 + 0.25 * memory / GIB) * generator.lognormvariate(0, 0.35))


def _arrivals(generator: random.Random, per_second: float, seconds: float, task_type_count: int) -> Sequence[Arrival]:
    shares = [1 / rank**ZIPF for rank in range(1, task_type_count + 1)]
    order = generator.sample(range(task_type_count), task_type_count)
    bounds = list(itertools.accumulate(shares))
    arrivals, now = [], 0.0
    while (now := now + generator.expovariate(per_second)) < seconds:
        (rank,) = generator.choices(range(task_type_count), cum_weights=bounds)
        arrivals.append(Arrival(now, f"type-{order[rank]:02}", generator.lognormvariate(0, 0.25)))
    return arrivals
