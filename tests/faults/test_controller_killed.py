"""Runs while their controller is killed with -9 at random points: each ends as one that nothing disturbed."""

from __future__ import annotations

import os
import random
import threading
from collections import Counter
from pathlib import Path

import pytest

from orchestrion import Client, OnDetach
from orchestrion.events import AttemptFailed, Event, TaskFinished, TaskStarted
from orchestrion.plans import Plan
from orchestrion.runs import Run, RunState
from tests.rpc.controller.plans import after, wait
from tests.system.processes import Servers, kill, process_of

KILLS = 50 if os.environ.get("LONG") else 10
PLAN = Plan(
    (
        wait("top", delay_ms=150),
        wait("left", after("top"), delay_ms=250),
        wait("right", after("top"), delay_ms=400),
        wait("end", after("left"), other=after("right"), delay_ms=150),
    )
)
LONGEST_S = 1.2
"""About what a run takes, so that kills come before, between and after its stages."""


@pytest.mark.faults
@pytest.mark.timeout(1_200)
def test_runs_end_alike_whenever_the_controller_is_killed(tmp_path: Path) -> None:
    jitter = random.Random(18)
    counts: Counter[str] = Counter()
    with Servers(tmp_path) as servers:
        controller = servers.controller()
        servers.host()
        port = int(controller.grpc_address.rsplit(":", 1)[1])
        with Client(controller.grpc_address, reconnect=60) as client:
            expected = result(list(client.run("do it", plan=PLAN)), client)
            for _ in range(KILLS):
                seen: list[Event] = []
                failures: list[BaseException] = []
                events = client.run("do it", plan=PLAN, on_detach=OnDetach.CONTINUE)
                reading = threading.Thread(target=read, args=(events, seen, failures))
                reading.start()
                reading.join(jitter.uniform(0.0, LONGEST_S))
                kill(process_of(controller))
                controller = servers.controller(port=port)
                reading.join(60)
                assert not reading.is_alive()
                assert failures == []
                assert result(seen, client) == expected
                counts["runs"] += 1
                counts["attempts broken off"] += sum(isinstance(event.payload, AttemptFailed) for event in seen)
    print(dict(counts))


def read(events: object, seen: list[Event], failures: list[BaseException]) -> None:
    """Takes all events of a run, over its reconnections."""
    try:
        seen += events  # type: ignore[arg-type]  # Any iterator of events.
    except BaseException as error:
        failures.append(error)


def result(seen: list[Event], client: Client) -> object:
    """Returns what came of a run; its watcher saw every number once, and no finished task ran again."""
    numbers = [event.sequence for event in seen if event.sequence]
    assert numbers == list(range(1, len(numbers) + 1))
    finished: set[str] = set()
    for event in seen:
        if isinstance(event.payload, TaskStarted):
            assert event.payload.task_id not in finished
        elif isinstance(event.payload, TaskFinished):
            finished.add(event.payload.result.task_id)
    run: Run = client.runs.get(seen[0].run)
    assert run.state is RunState.SUCCEEDED
    return {task.task_id: (task.state, task.outputs) for task in run.results}, run.plan, run.answer
