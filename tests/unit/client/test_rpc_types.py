"""What the type checker knows of RPCs: what is sent, what is read, and whether one answer comes back or a stream."""

from __future__ import annotations

from typing import assert_type

from orchestrion._rpcs import methods, runs
from orchestrion._rpcs.rpc import StreamRpc, UnaryRpc
from orchestrion.events import Event
from orchestrion.runs import Run
from orchestrion.v1 import run_service_pb2, runs_pb2


def test_an_rpc_knows_what_its_caller_gets_and_whether_it_streams() -> None:
    one = runs.get("runs/a")
    assert_type(one, UnaryRpc[Run])
    assert isinstance(one, UnaryRpc)
    assert (one.path, one.answer) == ("/orchestrion.v1.RunService/GetRun", runs_pb2.Run)
    many = runs.watch("runs/a", 3)
    assert_type(many, StreamRpc[Event])
    assert not isinstance(many, UnaryRpc)


def test_what_is_sent_and_what_is_read_are_the_messages_of_the_method() -> None:
    request = run_service_pb2.GetRunRequest(name="runs/a")
    assert methods.GET_RUN.rpc(request, lambda run: run.name).read(runs_pb2.Run(name="runs/a")) == "runs/a"
    methods.GET_RUN.rpc(run_service_pb2.ListRunsRequest(), lambda run: run.name)  # type: ignore[arg-type]  # A mistake.
    methods.GET_RUN.rpc(request, runs.read_event)  # type: ignore[arg-type]  # Another.
