"""Measures what the gateway adds: the same chats, all at once, through the SDK and through the page's own API.

    .venv/bin/python benchmarks/gateway.py [--chats 50] [--rounds 10] [--json FILE]

A chat is a run with a submitted chain of three tasks that take no time, created and watched in one call. The ways take
turns round by round, so that whatever else the machine does for a while hits both. Controller, host and gateway are
processes of their own; the clients are one more, on connections that were opened before. Targets are printed beside
the figures; missing one is no failure. The exit status is 1 when something did not run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import processes
from benchmarks.report import machine
from benchmarks.statistic import Median, Spread
from benchmarks.streamed_chat import StreamedChat
from benchmarks.workload import CHAIN, check, fresh_text
from orchestrion import AsyncClient, OrchestrionError, to_json
from orchestrion_serving import process

WANTED_MS: Final = 50.0
"""How much later than over the SDK the first event may come, at the median, in milliseconds."""

_WARM_UP_ROUNDS: Final = 2


@dataclass(frozen=True, slots=True)
class Chat:
    """When what came, in seconds after all chats were begun."""

    first_s: float
    last_s: float


@dataclass(frozen=True, slots=True)
class Round:
    """All chats at once, one way."""

    chats: tuple[Chat, ...]
    elapsed_s: float
    cpu_ms: Mapping[str, float]
    """What one chat took of the processors, in milliseconds, by process."""

    @property
    def first_s(self) -> float:
        """Returns when the first event came, at the median of the chats."""
        return statistics.median(chat.first_s for chat in self.chats)


async def over_sdk(client: AsyncClient, started: float) -> Chat:
    """Has one chat through the SDK."""
    text, first_s = fresh_text(), 0.0
    async with aclosing(client.run("Pass it on.", plan=CHAIN.make(text, 0.0))) as events:
        async for event in events:
            first_s = first_s or time.perf_counter() - started
            check(event, text)
    return Chat(first_s, time.perf_counter() - started)


async def over_gateway(connection: StreamedChat, started: float) -> Chat:
    """Has one chat through the gateway."""
    plan = json.loads(to_json(CHAIN.make(fresh_text(), 0.0)))
    first, last = await connection.have({"messages": [{"text": "Pass it on."}], "plan": plan})
    return Chat(first - started, last - started)


async def at_once(chats: Sequence[Callable[[float], Awaitable[Chat]]]) -> Round:
    """Has all chats at once.

    Raises:
        BaseExceptionGroup: One of them failed.
    """
    used, started = processes.cpu_seconds(), time.perf_counter()

    async def have(chat: Callable[[float], Awaitable[Chat]]) -> Chat:
        return await chat(started)

    async with asyncio.TaskGroup() as group:
        going = [group.create_task(have(chat)) for chat in chats]
    elapsed_s, used_then = time.perf_counter() - started, processes.cpu_seconds()
    cost = {role: round((used_then[role] - used.get(role, 0.0)) * 1000 / len(chats), 2) for role in used_then}
    return Round(tuple(task.result() for task in going), elapsed_s, cost)


async def measure(controller: str, gateway: str, chats: int, rounds: int) -> Mapping[str, list[Round]]:
    """Has the ways take turns."""
    measured: dict[str, list[Round]] = {"SDK": [], "gateway": []}
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(AsyncClient(controller))
        connections = [await stack.enter_async_context(StreamedChat(gateway)) for _ in range(chats)]
        for number in range(-_WARM_UP_ROUNDS, rounds):
            one = await at_once([lambda started: over_sdk(client, started)] * chats)
            other = await at_once(
                [lambda started, own=own: over_gateway(own, started) for own in connections]  # type: ignore[misc]
            )
            if number >= 0:
                measured["SDK"].append(one)
                measured["gateway"].append(other)
    return measured


def summary(measured: Mapping[str, Sequence[Round]], resident_mb: Sequence[float]) -> dict[str, Any]:
    """Sums the rounds up."""
    added = [other.first_s - one.first_s for one, other in zip(measured["SDK"], measured["gateway"], strict=True)]
    return {
        "machine": machine(),
        "ways": {
            way: {
                "first_event": asdict(Spread.of([chat.first_s for one in rounds for chat in one.chats])),
                "last_event": asdict(Spread.of([chat.last_s for one in rounds for chat in one.chats])),
                "per_second": round(statistics.median(len(one.chats) / one.elapsed_s for one in rounds), 1),
                "cpu_ms": {
                    role: round(statistics.mean(one.cpu_ms.get(role, 0.0) for one in rounds), 2)
                    for role in rounds[0].cpu_ms
                },
            }
            for way, rounds in measured.items()
        },
        "first_event_added": asdict(Median.of(added)),
        "gateway_resident_mb": [round(megabytes, 1) for megabytes in resident_mb],
    }


def lines(figures: Mapping[str, Any], chats: int, rounds: int) -> list[str]:
    """Writes the figures as a table."""
    head = f"  {'':<9}{'first event ms':>20}{'last event ms':>20}{'per second':>12}   processor time of a chat, ms"
    rows = [
        f"  {way:<9}{Spread(**row['first_event'])!s:>20}{Spread(**row['last_event'])!s:>20}{row['per_second']:>12g}   "
        + "  ".join(f"{role} {used:g}" for role, used in row["cpu_ms"].items() if used >= 0.01)
        for way, row in figures["ways"].items()
    ]
    added = Median(**figures["first_event_added"])
    verdict = "met" if added.median_ms <= WANTED_MS else "NOT MET"
    before, after = figures["gateway_resident_mb"]
    return [
        "  ".join(f"{name} {fact}" for name, fact in figures["machine"].items()),
        f"{chats} chats at once, {rounds} rounds of each, median / p95",
        head,
        *rows,
        f"  first event, added by the gateway, median ms: {added} (at most {WANTED_MS:g}: {verdict})",
        f"  resident memory of the gateway: {before:g} MB before, {after:g} MB after",
    ]


async def run(arguments: argparse.Namespace, log: Path) -> dict[str, Any]:
    """Starts the servers, measures, and sums up."""
    with (
        tempfile.TemporaryDirectory(prefix="orchestrion-bench-", ignore_cleanup_errors=True) as home,
        log.open("w") as file,
        processes.servers(home, (), ["--test-experts"], file, gateway=()) as running,
    ):
        assert running.gateway is not None
        gateway = processes.one("gateway")
        resident = [_resident_mb(gateway)]
        bystanders = processes.Bystanders()
        measured = await measure(
            running.controller.grpc_address, running.gateway.http_address, arguments.chats, arguments.rounds
        )
        resident.append(_resident_mb(gateway))
        return {**summary(measured, resident), "bystander_cores": round(bystanders.cores(), 2)}


def _resident_mb(server: psutil.Process) -> float:
    return float(server.memory_info().rss) / 1e6


def main() -> int:
    """Measures, prints, and returns the exit status."""
    parser = argparse.ArgumentParser(description="Measures what the gateway adds to the SDK's own time.")
    parser.add_argument("--chats", type=int, default=50, help="how many at once (default: 50)")
    parser.add_argument("--rounds", type=int, default=10, help="how often each way (default: 10)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as JSON, too")
    arguments = parser.parse_args()
    log = Path(tempfile.gettempdir(), "orchestrion-bench-gateway.log")
    try:
        figures = process.run(run(arguments, log))
    except (OrchestrionError, OSError, RuntimeError, ExceptionGroup) as error:
        first = error.exceptions[0] if isinstance(error, ExceptionGroup) else error
        print(f"error: {first}\nThe servers' log is {log}.", file=sys.stderr)
        return 1
    print("\n".join(lines(figures, arguments.chats, arguments.rounds)))
    print(f"  processors that other programs used meanwhile: {figures['bystander_cores']:g}")
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
