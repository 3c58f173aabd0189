"""Runs that wait for approval when their controller goes: by a signal, or without a word."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orchestrion import Approval, Client, OnDetach, Plan, Task
from orchestrion.errors import RunCancelledError
from orchestrion.events import ApprovalAwaited, RunFinished
from orchestrion.runs import RunState
from tests.system.processes import TIMEOUT_S, Servers, kill, metric, process_of

PLAN = Plan((Task("slow", "test-delay", {"text": "late", "delay_ms": 60_000}),))


def waiting_run(client: Client) -> str:
    """Starts a run that waits for approval, and leaves it alone."""
    events = client.run("wait", plan=PLAN, approval=Approval.REQUIRED, on_detach=OnDetach.CONTINUE)
    run = next(event.run for event in events if isinstance(event.payload, ApprovalAwaited))
    events.close()
    return run


@contextmanager
def controller(home: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Runs a controller of the test's own, so that its exit status can be seen."""
    command = [
        sys.executable,
        "-m",
        "orchestrion_controller",
        "--port",
        "0",
        "--metrics-port",
        "0",
        "--home",
        str(home),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().split("grpc=")[1].split()[0]
        finally:
            process.kill()


def test_a_controller_that_is_stopped_ends_cleanly_while_runs_wait(tmp_path: Path) -> None:
    """Given three runs that wait, SIGTERM ends the controller with status 0, and the runs wait on in the next."""
    with controller(tmp_path) as (process, address), Client(address) as client:
        runs = [waiting_run(client) for _ in range(3)]
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=TIMEOUT_S)
        assert process.returncode == 0
        assert "Traceback" not in errors
    with controller(tmp_path) as (_, address), Client(address) as client:
        waiting = [client.runs.get(run) for run in runs]
    assert {run.state for run in waiting} == {RunState.AWAITING_APPROVAL}


def test_a_run_that_waited_when_its_controller_was_killed_waits_on(tmp_path: Path) -> None:
    with Servers(tmp_path) as servers:
        first = servers.controller()
        port = int(first.grpc_address.rsplit(":", 1)[1])
        with Client(first.grpc_address) as client:
            run = waiting_run(client)
            assert client.runs.list().items[0].state is RunState.AWAITING_APPROVAL
            kill(process_of(first))
            servers.controller(port=port)
            before = client.runs.get(run)
            assert before.state is RunState.AWAITING_APPROVAL
            servers.host()
            client.runs.approve(run, Plan((Task("quick", "test-delay", {"text": "soon"}),)))
            log = [event for event in client.runs.watch(run) if event.sequence]
            assert [event.sequence for event in log] == list(range(1, len(log) + 1))
            assert isinstance(log[-1].payload, RunFinished)
            assert log[-1].payload.state is RunState.SUCCEEDED
            (awaited,) = (event.payload for event in log if isinstance(event.payload, ApprovalAwaited))
            assert before.approval_deadline_time == awaited.deadline_time


def test_a_run_waits_as_long_as_the_server_is_set_to(tmp_path: Path) -> None:
    with Servers(tmp_path) as servers:
        server = servers.controller("--approval-timeout-ms", "300")
        with Client(server.grpc_address) as client:
            with pytest.raises(RunCancelledError, match=r"Nobody approved the plan within 0\.3 s") as caught:
                client.ask("wait", plan=PLAN, approval=Approval.REQUIRED)
            assert caught.value.reason == "APPROVAL_TIMED_OUT"
        assert metric(server, "orchestrion_controller_plan_approvals_total", outcome="timed_out") == 1
        assert metric(server, "orchestrion_controller_runs_awaiting_approval") == 0
