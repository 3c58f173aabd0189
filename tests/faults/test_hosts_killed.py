"""Runs while their hosts are killed, stopped and cut off, and brought back: all succeed, and nothing is done twice."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

import psutil
import pytest

from orchestrion import AsyncClient, Client
from orchestrion._processes.supervision import Child
from orchestrion.errors import FailedPreconditionError
from orchestrion.events import AttemptFailed, Event, RunFinished, TaskFinished, TaskProgress, TaskStarted
from orchestrion.experts import HostState
from orchestrion.plans import Plan, Task
from orchestrion.runs import RunState
from orchestrion.values import OutputRef, Value
from tests.faults.links import Links
from tests.faults.noting_experts import NOTES
from tests.rpc.controller.plans import payloads, results, wait
from tests.system.processes import Servers, eventually, kill, metric, process_of, until_started, wait_for_host

RUNS = 1_000 if os.environ.get("LONG") else 200
AT_ONCE = 6
LEASE_S = 3.0
BLOW_EVERY_S = 2.0
HANGS_S = 60.0
"""Longer than anything here may take: a run that lasts as long would last for ever."""
NAMES = ("a", "b", "c")
EXPERT = f"{Path(__file__).with_name('noting_experts.py')}:NotingDelay"


@dataclass
class Fleet:
    """Three hosts, and what was done to them."""

    servers: Servers
    client: Client
    links: Links | None
    hosts: dict[str, Child] = field(default_factory=dict)
    down: dict[str, str] = field(default_factory=dict)
    """How those that are down now came to be so."""
    blows: Counter[str] = field(default_factory=Counter)
    _jitter: random.Random = field(default_factory=lambda: random.Random(18))
    _bringing_back: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(len(NAMES)))

    def start(self, name: str) -> None:
        """Starts a host, for the first time or again."""
        where = self.links.address_of(name) if self.links else "127.0.0.1"
        launcher = self.links.launcher(name) if self.links else ()
        home = str(self.servers.home / f"host-{name}")
        flags = ("--no-test-experts", "--profile", "none", "--expert", EXPERT, "--listen-host", where, "--home", home)
        self.hosts[name] = self.servers.host(*flags, name=name, launcher=launcher)

    def process(self, name: str) -> psutil.Process:
        """The process of a host; in another namespace, others may listen on the same port."""
        return next(child for child in psutil.Process().children() if _is_host(child, name))

    def strike_until(self, over: threading.Event) -> None:
        """Takes one host down every two seconds, never the last one up, and brings each back after a while."""
        sorts = cycle(("killed", "stopped", "cut off") if self.links else ("killed", "stopped"))
        while not over.wait(BLOW_EVERY_S):
            ready = {
                host.name.removeprefix("hosts/") for host in self.client.hosts.list() if host.state.name == "READY"
            }
            up = sorted(ready - self.down.keys())
            if len(up) < 2:
                self.blows["spared, as the last one up"] += 1
                continue
            self._take_down(self._jitter.choice(up), next(sorts))
        self._bringing_back.shutdown()

    def _take_down(self, name: str, sort: str) -> None:
        self.blows[sort] += 1
        self.down[name] = sort
        if sort == "killed":
            kill(self.process(name))
        elif sort == "stopped":
            self.process(name).send_signal(signal.SIGSTOP)
        elif self.links:
            self.links.cut(name)
        # Some are back before their lease ends, some after.
        self._bringing_back.submit(self._bring_back, name, sort, self._jitter.uniform(0.5, 1.5 * LEASE_S))

    def _bring_back(self, name: str, sort: str, after_s: float) -> None:
        time.sleep(after_s)
        if sort == "killed":
            self.start(name)
        elif sort == "stopped":
            self.process(name).send_signal(signal.SIGCONT)
        elif self.links:
            self.links.mend(name)
        del self.down[name]


def _is_host(process: psutil.Process, name: str) -> bool:
    if process.status() == psutil.STATUS_ZOMBIE:
        return False
    line = process.cmdline()
    return "orchestrion_host" in line and line[line.index("--name") + 1] == name


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where executions are written down."""
    monkeypatch.setenv(NOTES, str(tmp_path / "notes"))
    return tmp_path / "notes"


@pytest.fixture
def fleet(tmp_path: Path, notes: Path) -> Iterator[Fleet]:
    del notes  # Hosts take the variable from here.
    with ExitStack() as stack:
        links: Links | None = None
        try:
            links = stack.enter_context(Links(NAMES))
        except PermissionError as error:
            print(f"no host is cut off: {error}")
        servers = stack.enter_context(Servers(tmp_path))
        where = ("--listen-host", links.address) if links else ()
        controller = servers.controller("--lease-ms", str(int(LEASE_S * 1000)), *where)
        client = stack.enter_context(Client(controller.grpc_address))
        fleet = Fleet(servers, client, links)
        for name in NAMES:
            fleet.start(name)
        yield fleet


def delay(run: str, task_id: str, text: Value, delay_ms: int) -> Task:
    """A task whose executions are written down under the names of its run and of itself."""
    return wait(task_id, text, other=f"{run}/{task_id}", delay_ms=delay_ms)


def plan(run: str, shape: str) -> Plan:
    text = f"said in {run}"
    a, b = OutputRef("a", "text"), OutputRef("b", "text")
    if shape == "one":
        return Plan((delay(run, "a", text, 900),))
    if shape == "two":
        return Plan((delay(run, "a", text, 500), delay(run, "b", a, 600)))
    if shape == "three":
        return Plan((delay(run, "a", text, 300), delay(run, "b", a, 500), delay(run, "c", b, 400)))
    items = tuple(f"{text}, part {number}" for number in range(5))
    return Plan((delay(run, "a", items, 700), delay(run, "b", a, 400)))


SHAPES = ("one", "two", "three", "list")


@dataclass(frozen=True)
class Finished:
    """A run that was read to its end."""

    name: str
    shape: str
    seconds: float
    events: tuple[Event, ...]


async def carry_out(client: AsyncClient, name: str, shape: str) -> Finished:
    """Carries out one plan, and checks what its events say."""
    began, events = time.monotonic(), []
    async with asyncio.timeout(HANGS_S):
        async for event in client.run("do it", plan=plan(name, shape)):
            events.append(event)
    finished = Finished(name, shape, time.monotonic() - began, tuple(events))
    check(finished)
    return finished


def check(run: Finished) -> None:
    """It succeeded, with the right outputs, each taken once, and nothing that had ended was started again."""
    numbers = [event.sequence for event in run.events if event.sequence]
    assert numbers == list(range(1, len(numbers) + 1))
    (end,) = payloads(run.events, RunFinished)
    assert end.state is RunState.SUCCEEDED, (run.name, end.error)
    ended: set[tuple[str, int | None]] = set()
    for event in run.events:
        match event.payload:
            case TaskStarted(task_id=task_id, item=item):
                assert not ended & {(task_id, None), (task_id, item)}, (run.name, task_id, item)
            case TaskProgress(task_id=task_id, fraction=1.0, item=item):
                assert (task_id, item) not in ended, (run.name, task_id, item)
                ended.add((task_id, item))
            case TaskFinished(result=result):
                assert (result.task_id, None) not in ended, (run.name, result.task_id)
                ended.add((result.task_id, None))
    text = f"said in {run.name}"
    expected: Value = tuple(f"{text}, part {number}" for number in range(5)) if run.shape == "list" else text
    outcome = {task_id: dict(result.outputs) for task_id, result in results(run.events).items()}
    assert outcome == {task.id: {"text": expected} for task in plan(run.name, run.shape).tasks}, run.name


async def carry_out_all(address: str, count: int, prefix: str) -> list[Finished]:
    """Carries out many runs, some at a time."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(client: AsyncClient, number: int) -> Finished:
        async with places:
            return await carry_out(client, f"{prefix}-{number}", SHAPES[number % len(SHAPES)])

    async with AsyncClient(address) as client, asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(client, number)) for number in range(count)]
    return [task.result() for task in tasks]


@pytest.mark.faults
@pytest.mark.timeout(1_200)
def test_all_runs_succeed_while_hosts_are_killed_stopped_and_cut_off(fleet: Fleet, notes: Path) -> None:
    address = fleet.client.address
    usual: dict[str, float] = defaultdict(float)
    for run in asyncio.run(carry_out_all(address, 12, "undisturbed")):
        usual[run.shape] = max(usual[run.shape], run.seconds)

    over = threading.Event()
    striking = threading.Thread(target=fleet.strike_until, args=(over,))
    striking.start()
    try:
        runs = asyncio.run(carry_out_all(address, RUNS, "disturbed"))
    finally:
        over.set()
        striking.join()
    for name in NAMES:
        wait_for_host(fleet.client, name, HostState.READY)

    failures = Counter(failed.error.reason for run in runs for failed in payloads(run.events, AttemptFailed))
    seconds = sorted(run.seconds for run in runs)
    over_once = 0
    for run in runs:
        hit = {failed.host for failed in payloads(run.events, AttemptFailed)}
        over_once += run.seconds > 2 * usual[run.shape] + LEASE_S
        # A host that is hit costs a lease at most, and then the next may be.
        assert run.seconds < 2 * usual[run.shape] + LEASE_S * (1 + len(hit)), (run.name, hit)
    # What was left computing on hosts that came back was told that nobody waits any more.
    for name in NAMES:
        eventually(lambda name=name: metric(fleet.hosts[name], "orchestrion_host_running") == 0)  # type: ignore[misc]
    executions, late = executions_after_the_end(runs, notes)
    print(
        f"{len(runs)} runs succeeded; hosts {dict(fleet.blows)}; attempts failed {dict(failures)}; median "
        f"{seconds[len(seconds) // 2]:.2f} s, longest {seconds[-1]:.2f} s, {over_once} over twice the usual + a lease; "
        f"{executions} executions, {late} of them after their task had ended elsewhere, their outputs dropped"
    )
    assert sum(fleet.blows.values()) > 0


def executions_after_the_end(runs: list[Finished], notes: Path) -> tuple[int, int]:
    """Counts executions, and those that began when their task had ended already.

    There are some where a host had the call when it was stopped or cut off: it begins when it is back, until it hears
    that nobody waits any more. No other task is executed again.
    """
    ends: dict[str, float] = {}
    lost: set[str] = set()
    for run in runs:
        for event in run.events:
            if isinstance(event.payload, TaskFinished) and event.time is not None:
                ends[f"{run.name}/{event.payload.result.task_id}"] = event.time.timestamp()
            elif isinstance(event.payload, AttemptFailed):
                lost.add(f"{run.name}/{event.payload.task_id}")
    lines = [line.split("\t") for line in notes.read_text().splitlines()]
    late = [key for key, began in lines if float(began) > ends.get(key, float("inf"))]
    assert set(late) <= lost
    return len(lines), len(late)


@pytest.mark.faults
@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP])
def test_with_no_host_left_runs_end_by_name_and_others_succeed_once_one_is_back(
    blow: signal.Signals, tmp_path: Path
) -> None:
    with Servers(tmp_path) as servers:
        controller = servers.controller("--lease-ms", "1500")
        hosts = {name: servers.host(name=name) for name in ("one", "two")}
        with Client(controller.grpc_address) as client:
            going = client.run("do it", plan=Plan((wait("task", delay_ms=600_000),)))
            seen = until_started(going)
            processes = [process_of(host) for host in hosts.values()]
            for process in processes:
                process.send_signal(blow)
            seen += going
            eventually(lambda: not client.hosts.list())

            # What was going on ended with its host, or with the next where that was still listed.
            ended = results(seen)["task"]
            assert ended.error is not None
            assert ended.error.reason == "HOST_UNREACHABLE"
            assert payloads(seen, AttemptFailed)[-1].retried is False
            # What comes now is told what is lacking.
            with pytest.raises(FailedPreconditionError) as refused:
                client.ask("do it", plan=Plan((wait("task"),)))
            assert refused.value.reason == "NO_EXPERT"
            assert "no model host is listed" in refused.value.message

            if blow is signal.SIGSTOP:
                for process in processes:
                    process.send_signal(signal.SIGCONT)
                wait_for_host(client, "one", HostState.READY)
                eventually(lambda: metric(hosts["one"], "orchestrion_host_running") == 0)
            else:
                servers.host(name="one")
            assert client.ask("do it", plan=Plan((wait("task"),))).results[0].succeeded
