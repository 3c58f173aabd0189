"""Compares ways of choosing among 500 experts on 50 simulated hosts under skewed demand, and times the choice itself.

    .venv/bin/python benchmarks/selection_load.py [--seeds 5] [--seconds 150] [--loads 0.4 0.8] [--json FILE]

Two scenarios: 25 task types with 20 experts each, where both the expert and the host are chosen; and 500 task types
with one expert each, where only the host is.
The selector, its scoring and the registry are the controller's own; hosts, experts and demand are simulated. Every
policy gets the same hosts, arrivals and reports. Printed are mean and 99th percentile of the time from a task's
arrival to its end, as mean and standard deviation over the seeds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.selection import speed, world
from benchmarks.selection.policies import POLICIES
from benchmarks.selection.simulation import WARM_UP, Outcome, simulate


async def compare(seeds: Sequence[int], load: float, seconds: float, task_types: int) -> dict[str, list[Outcome]]:
    """Runs every policy on the same worlds."""
    outcomes_by_policy: dict[str, list[Outcome]] = {name: [] for name in POLICIES}
    for seed in seeds:
        simulation = world.make(seed, load, seconds, task_types)
        for name, outcomes in outcomes_by_policy.items():
            if sys.stderr.isatty():
                print(f"\rload {load:g}, seed {seed}: {name:<24}", end="", file=sys.stderr, flush=True)
            outcomes.append(await simulate(simulation, name, seed))
    if sys.stderr.isatty():
        print("\r" + " " * 60 + "\r", end="", file=sys.stderr)
    return outcomes_by_policy


def spread(values: Sequence[float]) -> str:
    """Writes mean and standard deviation."""
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{statistics.mean(values):8.2f} ± {deviation:6.2f}"


def lines(head: str, outcomes_by_policy: dict[str, list[Outcome]]) -> list[str]:
    """Writes the table of one scenario."""
    return [
        f"{head:<50}{'mean s':>8}{'p99 s':>18}{'loads':>18}",
        *(
            f"  {name:<36}{spread([item.mean_s for item in outcomes])} {spread([item.p99_s for item in outcomes])}"
            f" {spread([float(item.load_count) for item in outcomes])}"
            for name, outcomes in outcomes_by_policy.items()
        ),
    ]


async def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """Runs everything, prints it, and returns it."""
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    print(
        f"{world.HOSTS} hosts, {world.EXPERTS} experts, each on {world.COPIES} of them; task types are asked for by "
        f"Zipf's law (s = {world.ZIPF}); {arguments.seconds:g} s of arrivals, the first {WARM_UP:.0%} left out; "
        f"{arguments.seeds} seeds, mean ± standard deviation over them; “loads” counts experts put on a device."
    )
    report: dict[str, Any] = {"scenarios": []}
    for task_types in arguments.task_types:
        for load in arguments.loads:
            outcomes_by_policy = await compare(seeds, load, arguments.seconds, task_types)
            each = world.EXPERTS // task_types
            head = f"{task_types} task types ({each} expert{'s' * (each > 1)} each), {load:.0%} of capacity"
            print("\n" + "\n".join(lines(head, outcomes_by_policy)), flush=True)
            outcomes = {name: [asdict(item) for item in outcomes] for name, outcomes in outcomes_by_policy.items()}
            report["scenarios"].append({"task_types": task_types, "load": load, "outcomes": outcomes})
    report["choice_us"] = await speed.measure()
    print("\nprocessor time of one choice, microseconds, median")
    for what, microseconds in report["choice_us"].items():
        print(f"  {what:<60}{microseconds:8.0f}")
    return report


def main() -> int:
    """Measures, prints, and returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seeds", type=int, default=5, help="how many worlds (default: 5)")
    parser.add_argument("--first-seed", type=int, default=11, help="of the first world (default: 11)")
    parser.add_argument("--seconds", type=float, default=150.0, help="how long tasks arrive (default: 150)")
    parser.add_argument("--loads", type=float, nargs="+", default=[0.4, 0.8], help="shares of the capacity")
    parser.add_argument("--task-types", type=int, nargs="+", default=[25, 500], help="how many there are")
    parser.add_argument("--quick", action="store_true", help="2 worlds, 120 s, one load: a first look")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.seeds, arguments.seconds, arguments.loads = 2, 120.0, [0.8]
    report = asyncio.run(measure(arguments))
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
