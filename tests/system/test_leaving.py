"""Clients that leave, by closing their connection or by dying, clients that come back, and clients side by side."""

from __future__ import annotations

import subprocess
import sys
import wave
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pytest

from orchestrion import Client
from orchestrion._processes.supervision import Child
from orchestrion.events import Event, RunFinished, TaskFinished, TaskStarted
from orchestrion.plans import Plan, Task
from orchestrion.runs import OnDetach, Run, RunState
from orchestrion.values import ArtifactRef, OutputRef
from tests.rpc.controller.plans import after, payloads, results, wait
from tests.system.processes import TIMEOUT_S, cancelled, eventually, metric, running, until_started

PICTURES = Path(__file__).parents[2] / "examples" / "pictures"
ENDLESS = Plan((wait("task", delay_ms=600_000),))
UNHURRIED = Plan((wait("first", delay_ms=300), wait("second", after("first"), delay_ms=300)))
READ_ALOUD = Plan(
    (
        Task("read", "image-to-text", {"image": ArtifactRef("attachments/1")}),
        Task("speak", "text-to-speech", {"text": OutputRef("read", "text")}),
    )
)

CLIENT_PROGRAM = """
import sys
from orchestrion import Client
from orchestrion.events import TaskStarted
from orchestrion.plans import Plan, Task

address, grace_ms, delay_ms = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
plan = Plan((Task("task", "test-delay", {"text": "text", "delay_ms": delay_ms}),))
for event in Client(address).run("do it", plan=plan, detach_grace_ms=grace_ms):
    if isinstance(event.payload, TaskStarted):
        print(event.run, event.sequence, flush=True)
"""


@pytest.fixture
def client(controller: Child, host: Child) -> Iterator[Client]:
    del host  # Runs need it.
    with Client(controller.grpc_address) as client:
        yield client


def start_process(client: Client, *, grace_ms: int, delay_ms: int) -> tuple[subprocess.Popen[str], str, int]:
    """Starts a run from a process of its own; returns that, the run, and the last sequence number that it saw."""
    arguments = [client.address, str(grace_ms), str(delay_ms)]
    process = subprocess.Popen([sys.executable, "-c", CLIENT_PROGRAM, *arguments], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    run, sequence = process.stdout.readline().split()
    return process, run, int(sequence)


def end_of(client: Client, run: str) -> Run:
    """Waits until a run has ended, without being one of its readers."""

    def ended() -> Run | None:
        snapshot = client.runs.get(run)
        return snapshot if snapshot.state.ended else None

    last = eventually(ended)
    assert last is not None
    return last


def assert_client_left(run: Run) -> None:
    assert run.state is RunState.CANCELLED
    assert run.error is not None
    assert run.error.reason == "CLIENT_LEFT"


def test_a_client_that_closes_its_connection_cancels_its_run_down_to_the_worker(
    controller: Child, host: Child, client: Client
) -> None:
    before = cancelled(host)
    with Client(controller.grpc_address) as leaving:
        events = leaving.run("do it", plan=ENDLESS, detach_grace_ms=100)
        seen = until_started(events)
        eventually(lambda: running(host) == 1)

    eventually(lambda: cancelled(host) == before + 1)
    # The worker has let go of it too.
    eventually(lambda: running(host) == 0)
    assert_client_left(end_of(client, seen[0].run))


def test_a_client_that_dies_cancels_its_run_down_to_the_worker(host: Child, client: Client) -> None:
    before = cancelled(host)
    process, run, _ = start_process(client, grace_ms=100, delay_ms=600_000)
    with process:
        eventually(lambda: running(host) == 1)
        process.kill()

    eventually(lambda: cancelled(host) == before + 1)
    eventually(lambda: running(host) == 0)
    assert_client_left(end_of(client, run))


def test_a_client_that_leaves_at_once_cancels_all_tasks_that_run_side_by_side(
    controller: Child, host: Child, client: Client
) -> None:
    wide = Plan(tuple(wait(f"task-{number}", delay_ms=600_000) for number in range(8)))
    before = cancelled(host)
    with Client(controller.grpc_address) as leaving:
        events = leaving.run("do it", plan=wide, detach_grace_ms=0)
        seen = until_started(events)
        eventually(lambda: running(host) == 8)

    eventually(lambda: cancelled(host) == before + 8)
    eventually(lambda: running(host) == 0)
    assert_client_left(end_of(client, seen[0].run))


def test_runs_that_end_are_not_counted_as_cancelled(host: Child, client: Client) -> None:
    before = cancelled(host)
    many = Plan(tuple(wait(f"task-{number}") for number in range(20)))

    assert all(result.succeeded for result in client.ask("do it", plan=many).results)

    assert cancelled(host) == before


def test_a_client_that_comes_back_keeps_its_run_and_misses_no_event(
    controller: Child, host: Child, client: Client
) -> None:
    before = cancelled(host)
    with Client(controller.grpc_address) as leaving:
        events = leaving.run("do it", plan=UNHURRIED, detach_grace_ms=10_000)
        seen = until_started(events)
    eventually(lambda: metric(controller, "orchestrion_controller_readers") == 0)

    seen += client.runs.watch(seen[0].run, seen[-1].sequence)

    # Progress has no number: it may come between, and is not kept.
    numbers = [event.sequence for event in seen if event.sequence]
    assert numbers == list(range(1, len(numbers) + 1))
    (end,) = payloads(seen, RunFinished)
    assert end.state is RunState.SUCCEEDED
    assert [started.task_id for started in payloads(seen, TaskStarted)] == ["first", "second"]
    assert cancelled(host) == before


def test_another_process_takes_over_the_run_of_one_that_died(controller: Child, client: Client) -> None:
    process, run, sequence = start_process(client, grace_ms=10_000, delay_ms=500)
    with process:
        process.kill()
    eventually(lambda: metric(controller, "orchestrion_controller_readers") == 0)

    rest = list(client.runs.watch(run, sequence))

    numbers = [event.sequence for event in rest if event.sequence]
    assert numbers == list(range(sequence + 1, sequence + 1 + len(numbers)))
    assert results(rest)["task"].succeeded
    (end,) = payloads(rest, RunFinished)
    assert end.state is RunState.SUCCEEDED


def test_a_run_that_is_to_go_on_alone_does(controller: Child, client: Client) -> None:
    with Client(controller.grpc_address) as leaving:
        events = leaving.run("do it", plan=UNHURRIED, detach_grace_ms=0, on_detach=OnDetach.CONTINUE)
        seen = until_started(events)

    assert end_of(client, seen[0].run).state is RunState.SUCCEEDED


def test_runs_at_once_mix_neither_events_nor_files(controller: Child, host: Child, tmp_path: Path) -> None:
    del host

    def read_aloud(picture: str) -> tuple[list[Event], bytes]:
        folder = tmp_path / picture
        folder.mkdir()
        with Client(controller.grpc_address) as own:
            events = list(own.run("read it aloud", [PICTURES / picture], plan=READ_ALOUD, timeout=TIMEOUT_S * 3))
            spoken = results(events)["speak"].outputs["audio"]
            assert isinstance(spoken, ArtifactRef)
            return events, own.artifacts.download(spoken, folder).read_bytes()

    said = {"station.jpg": "Platform 9", "bridge.jpg": "Caution\nThis bridge freezes\nbefore the road"}
    with ThreadPoolExecutor(len(said)) as pool:
        outcomes = list(pool.map(read_aloud, said))

    runs = [{event.run for event in events} for events, _ in outcomes]
    assert all(len(run) == 1 for run in runs)
    assert len(set.union(*runs)) == len(outcomes)
    for (picture, text), (events, sound) in zip(said.items(), outcomes, strict=True):
        kept = [event.sequence for event in events if event.sequence]
        assert all(later == earlier + 1 for earlier, later in pairwise(kept))
        assert text in str(results(events)["read"].outputs["text"]), picture
        assert {payload.result.task_id for payload in payloads(events, TaskFinished)} == {"read", "speak"}
        with wave.open(BytesIO(sound)) as audio:
            assert audio.getnframes() > 0
    assert outcomes[0][1] != outcomes[1][1]
