"""Measures what the platform adds to the models' own time: latency, throughput, and a bare gRPC server beside it.

    .venv/bin/python benchmarks/overhead.py [--runs 50] [--seconds 5] [--quick] [--json FILE]

Prints tables, then the same as JSON, or writes that to a file. Targets are printed beside the figures; missing one is
no failure. The exit status is 1 when something did not run.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import latency, peers, processes, throughput
from benchmarks.report import Report
from orchestrion import AsyncClient, OrchestrionError
from orchestrion_serving import process

Step = Callable[[Report, processes.Servers], Awaitable[None]]


async def run_latency(report: Report, servers: processes.Servers) -> None:
    """Measures runs with submitted plans."""
    async with AsyncClient(servers.controller) as client:
        report.latency = await latency.measure_runs(client, report.runs)


async def built_in_planner(report: Report, servers: processes.Servers) -> None:
    """Measures how soon the built-in planner has a task."""
    async with AsyncClient(servers.controller) as client:
        report.planning = await latency.measure_planning(client, report.runs)


async def executions(report: Report, servers: processes.Servers) -> None:
    """Measures how many chains are executed."""
    report.executions = await throughput.measure_executions(servers.controller, report.seconds)


async def whole_runs(report: Report, servers: processes.Servers) -> None:
    """Measures how many requests go through all stages, with a language model."""
    report.whole_runs = await throughput.measure_whole_runs(servers.controller, report.seconds)


async def bare_grpc(report: Report, servers: processes.Servers) -> None:
    """Measures the peer."""
    report.echo = await peers.measure_echo(servers.controller, servers.echo, report.seconds)


STEPS: tuple[Step, ...] = (run_latency, executions, whole_runs, bare_grpc, built_in_planner)


async def measure(report: Report, steps: tuple[Step, ...], log: Path) -> None:
    """Starts the servers and takes every step; one that fails is noted, and the next one taken."""
    with processes.started(log) as servers:
        for step in steps:
            name = step.__name__.replace("_", " ")
            print(f"measuring {name} …", file=sys.stderr, flush=True)
            report.million_additions_ms[name] = round(min(processes.million_additions_ms() for _ in range(3)), 1)
            bystanders = processes.Bystanders()
            try:
                await step(report, servers)
            except* (OrchestrionError, RuntimeError, OSError) as errors:
                report.failures[name] = "; ".join(sorted({str(error) for error in _leaves(errors)}))
            report.bystander_cores[name] = round(bystanders.cores(), 2)


def _leaves(group: BaseExceptionGroup[Exception]) -> list[BaseException]:
    return [
        leaf
        for error in group.exceptions
        for leaf in (_leaves(error) if isinstance(error, BaseExceptionGroup) else [error])
    ]


def main() -> int:
    """Measures, prints, and returns the exit status."""
    parser = argparse.ArgumentParser(description="Measures what the platform adds to the models' own time.")
    parser.add_argument("--runs", type=int, default=50, help="how many runs of each kind (default: 50)")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long throughput is measured (default: 5)")
    parser.add_argument("--quick", action="store_true", help="10 runs, 1.5 seconds: a first look")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the JSON there instead of printing it")
    parser.add_argument("--only", nargs="+", choices=[step.__name__ for step in STEPS], help="take these steps alone")
    arguments = parser.parse_args()
    report = Report(10, 1.5) if arguments.quick else Report(arguments.runs, arguments.seconds)
    steps = tuple(step for step in STEPS if not arguments.only or step.__name__ in arguments.only)
    log = Path(tempfile.gettempdir(), "orchestrion-bench-overhead.log")
    try:
        process.run(measure(report, steps, log))
    except (OrchestrionError, OSError, RuntimeError) as error:
        print(f"error: {error}\nThe servers' log is {log}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print("\n".join(report.lines()))
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(report.to_json() + "\n", "utf-8")
    else:
        print(report.to_json())
    if report.failures:
        print(f"The servers' log is {log}.", file=sys.stderr)
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
