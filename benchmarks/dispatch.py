"""Measures what early dispatch saves: a run whose plan a language model writes at 40 tokens a second, with and without.

    .venv/bin/python benchmarks/dispatch.py [--runs 5] [--tokens-per-second 40] [--delay-ms 800] [--json FILE]

The plan has three branches of two tasks each, the first two of which are written before the third begins; each task
takes as long as `--delay-ms` says. Two platforms, which differ in the setting `early_dispatch` alone, take turns. Times
are the client's: until the first task starts, until the plan is whole, and until the run ends.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Generator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.processes import LLM_SERVER, announcing, servers
from benchmarks.statistic import Spread
from benchmarks.workload import check
from orchestrion import AsyncClient, OrchestrionError
from orchestrion.events import PlanFinished, RunFinished, TaskStarted

BRANCHES: Final = ("left", "middle", "right")
REQUEST: Final = "Do two steps in each of three branches."


@dataclass(frozen=True, slots=True)
class Measured:
    """The runs of one platform."""

    early_dispatch: bool
    first_started: Spread
    """From the call to the first task that starts."""
    planned: Spread
    """From the call to the whole plan."""
    total: Spread
    """From the call to the run's end."""


def plan(delay_ms: float) -> str:
    """Writes the plan, as the language model does."""
    tasks: list[dict[str, object]] = []
    for branch in BRANCHES:
        first = {"text": {"text": branch}, "delay_ms": {"number": delay_ms}}
        second = {"text": {"output": {"taskId": f"{branch}-1", "output": "text"}}, "delay_ms": {"number": delay_ms}}
        tasks.append({"id": f"{branch}-1", "type": "test-delay", "inputs": first})
        tasks.append({"id": f"{branch}-2", "type": "test-delay", "inputs": second})
    return json.dumps({"tasks": tasks, "noTaskReason": ""})


@contextlib.contextmanager
def platforms(arguments: argparse.Namespace) -> Generator[dict[bool, str], None, None]:
    """Starts the language model and both platforms; yields the addresses by whether they dispatch early."""
    with contextlib.ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="orchestrion-bench-")))
        (home / "plan.json").write_text(plan(arguments.delay_ms), "utf-8")
        pace = ["--tokens-per-second", str(arguments.tokens_per_second)]
        llm = stack.enter_context(announcing([str(LLM_SERVER), "--plan", str(home / "plan.json"), *pace]))
        log = stack.enter_context((home / "log").open("w"))
        addresses = {}
        for early in (True, False):
            folder = home / ("early" if early else "late")
            settings = ["--llm-base-url", llm, "--responder", "builtin"]
            settings.append("--early-dispatch" if early else "--no-early-dispatch")
            running = stack.enter_context(servers(folder, settings, ["--test-experts"], log))
            addresses[early] = running.controller.grpc_address
        yield addresses


async def one_run(client: AsyncClient) -> tuple[float, float, float]:
    """Carries the request out; returns the seconds to the first task's start, to the whole plan, and to the end.

    Raises:
        RuntimeError: It failed.
    """
    started = time.perf_counter()
    times: dict[type, float] = {}
    async for event in client.run(REQUEST):
        check(event)
        times.setdefault(type(event.payload), time.perf_counter() - started)
    return times[TaskStarted], times[PlanFinished], times[RunFinished]


async def measure(addresses: dict[bool, str], runs: int) -> list[Measured]:
    """Measures both platforms in turns, after one run of each that is not counted."""
    times: dict[bool, list[tuple[float, float, float]]] = {early: [] for early in addresses}
    async with contextlib.AsyncExitStack() as stack:
        clients = {early: await stack.enter_async_context(AsyncClient(address)) for early, address in addresses.items()}
        for client in clients.values():
            await one_run(client)
        for _ in range(runs):
            for early, client in clients.items():
                times[early].append(await one_run(client))
    return [
        Measured(early, *(Spread.of([run[index] for run in of_platform]) for index in range(3)))
        for early, of_platform in times.items()
    ]


def main() -> int:
    """Measures, prints, and returns the exit status."""
    parser = argparse.ArgumentParser(description="Measures what early dispatch saves.")
    parser.add_argument("--runs", type=int, default=5, help="how many runs of each kind (default: 5)")
    parser.add_argument("--tokens-per-second", type=float, default=40.0, help="how fast the model writes (default: 40)")
    parser.add_argument("--delay-ms", type=float, default=800.0, help="how long each task takes (default: 800)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as JSON too")
    arguments = parser.parse_args()
    try:
        with platforms(arguments) as addresses:
            measured = asyncio.run(measure(addresses, arguments.runs))
    except (OrchestrionError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print("times in milliseconds, median / 95th percentile")
    print(f"{'early dispatch':>14} {'first task starts':>18} {'plan is whole':>18} {'run has ended':>18}")
    for item in measured:
        switch = "on" if item.early_dispatch else "off"
        print(f"{switch:>14} {item.first_started!s:>18} {item.planned!s:>18} {item.total!s:>18}")
    early, late = measured
    print(f"ratio of the totals, on to off: {early.total.median_ms / late.total.median_ms:.2f}")
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(item) for item in measured], indent=2) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
