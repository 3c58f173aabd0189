"""Servers that are stopped with SIGTERM and started again while runs go on: none is lost, fails, or is done twice."""

from __future__ import annotations

import os
import random
import threading
from collections import Counter
from pathlib import Path

import pytest

from orchestrion import Client, OnDetach
from orchestrion.events import AttemptFailed, Event
from orchestrion.runs import RunState
from tests.faults.test_controller_killed import LONGEST_S, PLAN, read, result
from tests.system.processes import Servers

pytestmark = pytest.mark.faults
RESTARTS = 20 if os.environ.get("LONG") else 7
"""More than `max_resumes`: each run of the first test outlives one, and one run of the second outlives all."""


@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("grace_s", [0.0, 5.0])
def test_runs_end_alike_whenever_the_controller_is_restarted(tmp_path: Path, grace_s: float) -> None:
    jitter = random.Random(18)
    counts: Counter[str] = Counter()
    with Servers(tmp_path) as servers:
        controller = servers.controller("--shutdown-grace-s", str(grace_s))
        servers.host()
        port = int(controller.grpc_address.rsplit(":", 1)[1])
        with Client(controller.grpc_address, reconnect=60) as client:
            expected = result(list(client.run("do it", plan=PLAN)), client)
            for _ in range(RESTARTS):
                seen: list[Event] = []
                failures: list[BaseException] = []
                events = client.run("do it", plan=PLAN, on_detach=OnDetach.CONTINUE)
                reading = threading.Thread(target=read, args=(events, seen, failures))
                reading.start()
                reading.join(jitter.uniform(0.0, LONGEST_S))
                controller.terminate()
                controller.finish()
                controller = servers.controller("--shutdown-grace-s", str(grace_s), port=port)
                reading.join(60)
                assert not reading.is_alive()
                assert failures == []
                assert result(seen, client) == expected
                counts["runs"] += 1
                counts["attempts broken off"] += sum(isinstance(event.payload, AttemptFailed) for event in seen)
    print(dict(counts))
    if grace_s:
        assert counts["attempts broken off"] == 0


@pytest.mark.timeout(1_200)
def test_runs_go_on_while_one_host_after_the_other_is_restarted(tmp_path: Path) -> None:
    counts: Counter[str] = Counter()
    with Servers(tmp_path) as servers:
        controller = servers.controller()
        hosts = {name: servers.host(name=name) for name in ("one", "two")}
        stopped = threading.Event()
        ended: list[list[Event]] = []
        failures: list[BaseException] = []

        def ask() -> None:
            with Client(controller.grpc_address) as client:
                while not stopped.is_set():
                    seen: list[Event] = []
                    read(client.run("do it", plan=PLAN), seen, failures)
                    ended.append(seen)

        callers = [threading.Thread(target=ask) for _ in range(4)]
        for caller in callers:
            caller.start()
        for _ in range(2):
            for name, host in tuple(hosts.items()):
                host.terminate()
                host.finish()
                hosts[name] = servers.host(name=name)
                counts["restarts"] += 1
        stopped.set()
        for caller in callers:
            caller.join(60)
        with Client(controller.grpc_address) as client:
            states = Counter(client.runs.get(seen[0].run).state for seen in ended)
            for seen in ended:
                result(seen, client)
    counts["runs"] = len(ended)
    # An attempt can meet a host that stops at this moment; another follows. Work that a host had begun was finished.
    counts["attempts refused"] = sum(isinstance(event.payload, AttemptFailed) for seen in ended for event in seen)
    print(dict(counts))
    assert failures == []
    assert set(states) == {RunState.SUCCEEDED}
    assert {
        event.payload.error.reason for seen in ended for event in seen if isinstance(event.payload, AttemptFailed)
    } <= {"HOST_DRAINING", "HOST_UNREACHABLE"}
