"""What dies, and what goes on: workers, hosts and the controller, killed with -9 in the middle of real work."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from orchestrion import Client
from orchestrion._processes.supervision import Child
from orchestrion.errors import FailedPreconditionError, UnavailableError
from orchestrion.events import AttemptFailed, Event, RunFinished, TaskStarted
from orchestrion.experts import HostState
from orchestrion.plans import Plan
from orchestrion.runs import OnDetach, RunState
from tests.rpc.controller.plans import after, payloads, results, wait
from tests.system.processes import (
    Servers,
    cancelled,
    eventually,
    kill,
    metric,
    process_of,
    running,
    until_started,
    wait_for_host,
    worker_of,
)

pytestmark = pytest.mark.faults

QUICK = Plan((wait("task"),))
SLOW = Plan((wait("task", delay_ms=800),))
LONG = Plan((wait("before"), wait("task", after("before"), delay_ms=5_000)))


@pytest.fixture(scope="module")
def controller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Child]:
    with Servers(tmp_path_factory.mktemp("controller")) as servers:
        yield servers.controller()


@pytest.fixture
def hosts(controller: Child, tmp_path: Path) -> Iterator[Servers]:
    """Starts hosts of the one controller, which are gone after the test."""
    with Servers(tmp_path, controller) as servers:
        yield servers


@pytest.fixture
def client(controller: Child) -> Iterator[Client]:
    with Client(controller.grpc_address) as client:
        yield client


def do(client: Client, plan: Plan) -> list[Event]:
    """Runs a plan to its end."""
    return list(client.run("do it", plan=plan))


def failures(events: list[Event]) -> list[tuple[str, bool]]:
    """Tells why attempts failed, and whether another followed."""
    return [(failed.error.reason, failed.retried) for failed in payloads(events, AttemptFailed)]


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSTOP])
def test_a_worker_that_is_killed_or_stops_answering_costs_one_attempt(
    blow: signal.Signals, hosts: Servers, client: Client
) -> None:
    host = hosts.host("--hang-timeout-s", "1.5")
    do(client, QUICK)
    host_id, worker = process_of(host).pid, worker_of(host)

    events = client.run("do it", plan=SLOW)
    seen = until_started(events)
    eventually(lambda: running(host) == 1)
    worker.send_signal(blow)
    seen += events

    assert failures(seen) == [("WORKER_CRASHED", True)]
    assert [started.attempt for started in payloads(seen, TaskStarted)] == [1, 2]
    assert results(seen)["task"].outputs == {"text": "text"}
    assert not worker.is_running()
    assert process_of(host).pid == host_id
    assert metric(host, "orchestrion_host_worker_restarts_total") == 1
    (listed,) = client.hosts.list()
    assert (listed.state, listed.worker_restart_count) == (HostState.READY, 1)


def test_a_host_killed_in_the_middle_of_a_task_is_replaced_by_another(hosts: Servers, client: Client) -> None:
    both = {f"hosts/{name}": hosts.host(name=name) for name in ("one", "two")}

    events = client.run("do it", plan=SLOW)
    seen = until_started(events)
    chosen = both[payloads(seen, TaskStarted)[0].host]
    eventually(lambda: running(chosen) == 1)
    kill(process_of(chosen))
    seen += events

    first, second = payloads(seen, TaskStarted)
    assert {first.host, second.host} == set(both)
    assert failures(seen) == [("HOST_UNREACHABLE", True)]
    assert results(seen)["task"].succeeded
    wait_for_host(client, first.host.removeprefix("hosts/"), None)


def test_runs_before_between_and_after_two_lives_of_a_host(hosts: Servers, client: Client) -> None:
    host = hosts.host()
    assert results(do(client, QUICK))["task"].succeeded
    worker = worker_of(host)

    kill(process_of(host))
    wait_for_host(client, "one", None)
    with pytest.raises(FailedPreconditionError) as between:
        do(client, QUICK)
    assert between.value.reason == "NO_EXPERT"
    assert "test-delay" in between.value.message
    # What a host leaves behind when it has no time to clean up.
    eventually(lambda: not psutil.pid_exists(worker.pid))

    hosts.host()
    assert results(do(client, QUICK))["task"].succeeded


def test_a_controller_killed_in_the_middle_of_a_run_goes_on_with_it(tmp_path: Path) -> None:
    with Servers(tmp_path) as servers, Client((controller := servers.controller()).grpc_address) as client:
        host = servers.host()
        kept = do(client, QUICK)
        with Client(controller.grpc_address, reconnect=0) as impatient:
            events = impatient.run("do it", plan=LONG, on_detach=OnDetach.CONTINUE)
            seen = until_started(events)
            while payloads(seen, TaskStarted)[-1].task_id != "task":
                seen.append(next(events))
            eventually(lambda: running(host) == 1)
            kill(process_of(controller))
            with pytest.raises(UnavailableError):
                seen.extend(events)
        eventually(lambda: cancelled(host) == 1)

        port = int(controller.grpc_address.rsplit(":", 1)[1])
        servers.controller(port=port)
        # The host comes back by itself, and is the same process.
        wait_for_host(client, "one", HostState.READY)
        process_of(host)
        log = [event for event in client.runs.watch(seen[0].run) if event.sequence]
        run = client.runs.get(seen[0].run)

        assert run.state is RunState.SUCCEEDED
        assert [event.sequence for event in log] == list(range(1, len(log) + 1))
        assert log[: seen[-1].sequence] == [event for event in seen if event.sequence]
        # What had ended was not done again; what was under way was.
        assert [started.task_id for started in payloads(log, TaskStarted)] == ["before", "task", "task"]
        assert failures(log) == [("CONTROLLER_RESTARTED", True)]
        assert {result.task_id: result.outputs for result in run.results} == {
            "before": {"text": "text"}, "task": {"text": "text"},
        }  # fmt: skip
        (end,) = payloads(log, RunFinished)
        assert end.state is RunState.SUCCEEDED
        # What ended before is as it was, and work goes on.
        assert list(client.runs.watch(kept[0].run)) == [event for event in kept if event.sequence]
        assert results(do(client, QUICK))["task"].succeeded
