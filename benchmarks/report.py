"""The figures of one run of the benchmark: as tables, as JSON, and beside their targets."""

from __future__ import annotations

import json
import os
import platform
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import Final

from benchmarks.latency import PlanningLatency, RunLatency
from benchmarks.peers import HUGGING_GPT_CHAINS_PER_SECOND, HUGGING_GPT_MS, HUGGING_GPT_NOTE, Echo
from benchmarks.throughput import Load
from benchmarks.workload import CHAIN, DIAMOND

_PACKAGES: Final = ("grpcio", "protobuf", "uvloop")
METHOD: Final = (
    "The controller, the model host, its worker, the language model and the echo server are processes of their own; so "
    "is the client, one asyncio process, which shares the processors with them. Several clients are several channels "
    "of that process; gRPC lets them share one connection. No cache is on, and no two requests have the same text; the "
    "instant language model plans the same chain each time."
)


@dataclass(frozen=True, slots=True)
class Target:
    """A figure that must be reached."""

    what: str
    wanted: float
    measured: float
    at_least: bool = False
    """Whether more is better."""

    @property
    def met(self) -> bool:
        """Whether it is reached."""
        return self.measured >= self.wanted if self.at_least else self.measured <= self.wanted


@dataclass(slots=True)
class Report:
    """What was measured so far; None or empty for what was not, or failed."""

    runs: int
    """How many runs of each kind."""
    seconds: float
    """How long throughput is measured."""
    latency: Sequence[RunLatency] = ()
    planning: PlanningLatency | None = None
    executions: Sequence[Load] = ()
    whole_runs: Sequence[Load] = ()
    echo: Echo | None = None
    bystander_cores: dict[str, float] = field(default_factory=dict)
    """How many processors other programs used while each step was measured: the more, the worse the figures."""
    million_additions_ms: dict[str, float] = field(default_factory=dict)
    """How fast one processor ran Python before each step: the more, the worse the figures."""
    failures: dict[str, str] = field(default_factory=dict)

    def targets(self) -> Iterator[Target]:
        """Yields the targets whose figures were measured."""
        for row in self.latency:
            if row.shape in {CHAIN.name, DIAMOND.name}:
                what = f"{row.shape}, {row.delay_ms:g} ms experts: added to the critical path, median ms"
                yield Target(what, 25.0, row.added.median_ms)
        if self.latency:
            slowest = max(row.first_planned.median_ms for row in self.latency)
            yield Target("first planned task of a submitted plan, slowest case, median ms", 10.0, slowest)
        if self.planning is not None:
            first = self.planning.first_planned.median_ms
            yield Target("first planned task of the built-in planner, median ms", 60.0, first)
        for load in self.executions:
            if load.clients == 8:
                yield Target("Execute of a chain of 3, 8 clients, per second", 100.0, load.per_second, at_least=True)
        for load in self.whole_runs:
            if load.clients == 8:
                what = "whole Run with an instant language model, 8 clients, per second"
                yield Target(what, 25.0, load.per_second, at_least=True)

    def to_json(self) -> str:
        """Returns all of it as one JSON document."""
        document = {
            "machine": machine(),
            "method": METHOD,
            **asdict(self),
            "targets": [{**asdict(target), "met": target.met} for target in self.targets()],
            "quoted": {
                "hugging_gpt": {
                    "note": HUGGING_GPT_NOTE,
                    "total_ms": [
                        {"shape": shape, "delay_ms": delay_ms, "total_ms": total_ms}
                        for (shape, delay_ms), total_ms in HUGGING_GPT_MS.items()
                    ],
                    "chains_per_second_at_8_clients": HUGGING_GPT_CHAINS_PER_SECOND,
                }
            },
        }
        return json.dumps(document, indent=1)

    def lines(self) -> Iterator[str]:
        """Yields the lines of the tables."""
        facts = machine()
        yield "  ".join(f"{name} {fact}" for name, fact in facts.items())
        yield f"processors that other programs used meanwhile: {_by_step(self.bystander_cores)}"
        yield f"ms for a million additions in Python before: {_by_step(self.million_additions_ms)}"
        yield from textwrap.wrap(METHOD, 110)
        if self.latency:
            yield from self._latency_lines()
        for title, loads in (
            ("Execute of a chain of 3, 0 ms experts", self.executions),
            ("Run with an instant language model that plans a chain of 3, and answers", self.whole_runs),
        ):
            if loads:
                yield from _load_lines(title, loads)
        if self.echo is not None:
            yield from self._echo_lines(self.echo)
        yield from self._quoted_lines()
        yield from ("", "Targets")
        for target in self.targets():
            sign = "at least" if target.at_least else "at most"
            verdict = "met    " if target.met else "NOT MET"
            yield f"  {verdict} {target.what}: {target.measured:g} ({sign} {target.wanted:g})"
        yield from (f"  FAILED  {what}: {reason}" for what, reason in self.failures.items())

    def _latency_lines(self) -> Iterator[str]:
        yield ""
        yield f"Run with a submitted plan, {self.runs} runs of each, ms as median / p95"
        yield f"  {'plan':<14}{'expert':>8}{'critical path':>15}{'first planned':>20}{'total':>20}{'added':>20}"
        for row in self.latency:
            yield (
                f"  {row.shape:<14}{row.delay_ms:>5g} ms{row.critical_path_ms:>15g}"
                f"{row.first_planned!s:>20}{row.total!s:>20}{row.added!s:>20}"
            )
        if self.planning is not None:
            yield f"  built-in planner, {self.planning.request!r}: first planned {self.planning.first_planned}"

    def _echo_lines(self, echo: Echo) -> Iterator[str]:
        peer, size = "Peer: bare grpc.aio echo", f"{echo.message_bytes} bytes"
        yield from _load_lines(f"{peer}, unary, {size}", echo.unary)
        yield from _load_lines(f"{peer}, a stream of {echo.message_count} x {size}, as a chain's events", echo.stream)
        for load, bare in zip(self.executions, echo.stream, strict=False):
            share = load.per_second / bare.per_second
            yield f"  at {load.clients}, Execute does {share:.0%} of what bare gRPC does"

    def _quoted_lines(self) -> Iterator[str]:
        yield ""
        yield from textwrap.wrap(f"Quoted: {HUGGING_GPT_NOTE}", 110)
        totals = {(row.shape, row.delay_ms): row.total.median_ms for row in self.latency}
        whole = {load.clients: load for load in self.whole_runs}
        for (shape, delay_ms), theirs in HUGGING_GPT_MS.items():
            ours = [f"submitted plan {totals[shape, delay_ms]:g}"] if (shape, delay_ms) in totals else []
            if (shape, delay_ms) == (CHAIN.name, 0.0) and 1 in whole:
                ours.append(f"instant language model {whole[1].latency.median_ms:g}")
            yield f"  {shape:<14}{delay_ms:>5g} ms experts: {theirs:>7,g} ms{_here(ours)}"
        ours = [f"instant language model {whole[8].per_second:g}"] if 8 in whole else []
        yield f"  chains per second, 8 clients: {HUGGING_GPT_CHAINS_PER_SECOND:g}{_here(ours)}"


def machine() -> Mapping[str, str]:
    """Tells what the figures were measured on."""
    return {
        "cores": str(len(os.sched_getaffinity(0))),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: version(name) for name in _PACKAGES},
    }


def _by_step(figures: Mapping[str, float]) -> str:
    return ", ".join(f"{figure:g} ({step})" for step, figure in figures.items())


def _here(figures: Sequence[str]) -> str:
    return f"   (here: {', '.join(figures)})" if figures else ""


def _load_lines(title: str, loads: Sequence[Load]) -> Iterator[str]:
    yield ""
    yield title
    yield f"  {'clients':>7}{'per second':>12}{'latency ms':>20}   processor time of one, ms"
    for load in loads:
        cost = "  ".join(f"{role} {used:g}" for role, used in load.cpu_ms.items() if used >= 0.01)
        yield f"  {load.clients:>7}{load.per_second:>12g}{load.latency!s:>20}   {cost}"
