"""The RPCs about runs that exist; `stages` has those that start one."""

from __future__ import annotations

from orchestrion import names
from orchestrion._codec.codec import decode, encode
from orchestrion._rpcs import methods
from orchestrion._rpcs.rpc import StreamRpc, UnaryRpc
from orchestrion.events import Event
from orchestrion.listings import Page
from orchestrion.plans import Plan
from orchestrion.runs import Run
from orchestrion.v1 import events_pb2, runs_pb2
from orchestrion.v1 import run_service_pb2 as pb


def read_event(message: events_pb2.Event) -> Event:
    """Reads an event."""
    return decode(message, Event)


def watch(name: str, after_sequence: int) -> StreamRpc[Event]:
    """Watches a run from a point of its log on."""
    request = pb.WatchRunRequest(name=names.check_run(name), after_sequence=after_sequence)
    return methods.WATCH_RUN.rpc(request, read_event)


def get(name: str) -> UnaryRpc[Run]:
    """Gets a run."""
    return methods.GET_RUN.rpc(pb.GetRunRequest(name=names.check_run(name)), _read_run)


def list_page(page_size: int, page_token: str) -> UnaryRpc[Page[Run]]:
    """Lists runs."""
    request = pb.ListRunsRequest(page_size=page_size, page_token=page_token)
    return methods.LIST_RUNS.rpc(
        request,
        lambda answer: Page(tuple(_read_run(run) for run in answer.runs), answer.next_page_token),
    )


def cancel(name: str) -> UnaryRpc[Run]:
    """Cancels a run."""
    return methods.CANCEL_RUN.rpc(pb.CancelRunRequest(name=names.check_run(name)), _read_run)


def approve(name: str, plan: Plan | None, request_id: str) -> UnaryRpc[Run]:
    """Approves the plan of a run, or another in its place."""
    request = pb.ApprovePlanRequest(
        name=names.check_run(name), plan=None if plan is None else encode(plan), request_id=request_id
    )
    return methods.APPROVE_PLAN.rpc(request, _read_run)


def delete(name: str) -> UnaryRpc[None]:
    """Deletes a run that has ended."""
    return methods.DELETE_RUN.rpc(pb.DeleteRunRequest(name=names.check_run(name)), lambda answer: None)


def _read_run(message: runs_pb2.Run) -> Run:
    return decode(message, Run)
