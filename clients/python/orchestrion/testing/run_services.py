"""Runs of the fake controller, whole and stage by stage: decode, look into the state, encode."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from google.protobuf import empty_pb2
from grpc import ServicerContext

from orchestrion._codec import codec
from orchestrion.errors import Reason
from orchestrion.experts import Assignment
from orchestrion.plans import Plan, TaskResult
from orchestrion.runs import Approval, Message, OnDetach, RunKind
from orchestrion.testing.expectations import Received
from orchestrion.testing.servicing import Servicer, page
from orchestrion.v1 import (
    events_pb2,
    execute_service_pb2,
    execute_service_pb2_grpc,
    plan_service_pb2,
    plan_service_pb2_grpc,
    respond_service_pb2,
    respond_service_pb2_grpc,
    run_service_pb2,
    run_service_pb2_grpc,
    runs_pb2,
    select_service_pb2,
    select_service_pb2_grpc,
)

_Request: TypeAlias = Any  # One of the messages that start a run or watch it; which fields it has, it is asked itself.

_METHODS: Final = {
    RunKind.FULL: "Run",
    RunKind.PLAN: "Plan",
    RunKind.SELECT: "Select",
    RunKind.EXECUTE: "Execute",
    RunKind.RESPOND: "Respond",
}


class _EventServicer(Servicer):
    """What all services share whose calls yield the events of a run."""

    def _events(self, kind: RunKind, request: _Request, context: ServicerContext) -> Iterator[events_pb2.Event]:
        with self.call(context, "WatchRun" if kind is RunKind.UNSPECIFIED else _METHODS[kind]) as message:
            starts = kind is not RunKind.UNSPECIFIED
            if starts:
                run, after = self.state.start(_received(kind, request, context)), 0
            else:
                run, after = self.state.run(request.name), request.after_sequence
            context.add_callback(self.wake)
            for event in run.read(after, lambda: bool(context.is_active()) and not self.state.closing):
                message()
                yield codec.encode(event)
            error = run.snapshot.error
            if starts and error is not None:
                raise error.exception()


class RunServicer(_EventServicer, run_service_pb2_grpc.RunServiceServicer):
    """Runs."""

    def Run(self, request: run_service_pb2.RunRequest, context: ServicerContext) -> Iterator[events_pb2.Event]:
        """Starts the run that is expected."""
        return self._events(RunKind.FULL, request, context)

    def WatchRun(
        self, request: run_service_pb2.WatchRunRequest, context: ServicerContext
    ) -> Iterator[events_pb2.Event]:
        """Goes on with a run."""
        return self._events(RunKind.UNSPECIFIED, request, context)

    def GetRun(self, request: run_service_pb2.GetRunRequest, context: ServicerContext) -> runs_pb2.Run:
        """Returns a run."""
        with self.call(context, "GetRun"):
            return codec.encode(self.state.run(request.name).snapshot.as_run())

    def ListRuns(
        self, request: run_service_pb2.ListRunsRequest, context: ServicerContext
    ) -> run_service_pb2.ListRunsResponse:
        """Lists runs, newest first."""
        with self.call(context, "ListRuns"), self.state.changed:
            runs = [codec.encode(run.snapshot.as_run()) for run in reversed(self.state.runs.values())]
            items, token = page(runs, request)
            return run_service_pb2.ListRunsResponse(runs=items, next_page_token=token)

    def CancelRun(self, request: run_service_pb2.CancelRunRequest, context: ServicerContext) -> runs_pb2.Run:
        """Cancels a run."""
        with self.call(context, "CancelRun"):
            run = self.state.run(request.name)
            run.cancel(Reason.CANCELLED.error("The run was cancelled by a call."))
            return codec.encode(run.snapshot.as_run())

    def ApprovePlan(self, request: run_service_pb2.ApprovePlanRequest, context: ServicerContext) -> runs_pb2.Run:
        """Approves the plan of a run that waits for it; the rules of plans are not checked."""
        with self.call(context, "ApprovePlan"):
            run = self.state.run(request.name)
            run.approve(codec.decode(request.plan, Plan) if request.HasField("plan") else None, request.request_id)
            return codec.encode(run.snapshot.as_run())

    def DeleteRun(self, request: run_service_pb2.DeleteRunRequest, context: ServicerContext) -> empty_pb2.Empty:
        """Deletes a run that has ended."""
        with self.call(context, "DeleteRun"):
            if not self.state.run(request.name).snapshot.state.ended:
                raise Reason.RUN_NOT_ENDED.error(f"{request.name} is going on; cancel it first.", field="name")
            del self.state.runs[request.name]
            return empty_pb2.Empty()


class PlanServicer(_EventServicer, plan_service_pb2_grpc.PlanServiceServicer):
    """Plans."""

    def Plan(self, request: plan_service_pb2.PlanRequest, context: ServicerContext) -> Iterator[events_pb2.Event]:
        """Starts the run that is expected."""
        return self._events(RunKind.PLAN, request, context)


class SelectServicer(_EventServicer, select_service_pb2_grpc.SelectServiceServicer):
    """Selections."""

    def Select(self, request: select_service_pb2.SelectRequest, context: ServicerContext) -> Iterator[events_pb2.Event]:
        """Starts the run that is expected."""
        return self._events(RunKind.SELECT, request, context)


class ExecuteServicer(_EventServicer, execute_service_pb2_grpc.ExecuteServiceServicer):
    """Executions."""

    def Execute(
        self, request: execute_service_pb2.ExecuteRequest, context: ServicerContext
    ) -> Iterator[events_pb2.Event]:
        """Starts the run that is expected."""
        return self._events(RunKind.EXECUTE, request, context)


class RespondServicer(_EventServicer, respond_service_pb2_grpc.RespondServiceServicer):
    """Answers."""

    def Respond(
        self, request: respond_service_pb2.RespondRequest, context: ServicerContext
    ) -> Iterator[events_pb2.Event]:
        """Starts the run that is expected."""
        return self._events(RunKind.RESPOND, request, context)


def _received(kind: RunKind, request: _Request, context: ServicerContext) -> Received:
    fields = {field.name for field in request.DESCRIPTOR.fields}

    def text(name: str) -> str:
        return str(getattr(request, name)) if name in fields else ""

    messages = [codec.decode(item, Message) for item in request.messages] if "messages" in fields else []
    attached = messages[-1].artifacts if messages else tuple(request.attachments) if "attachments" in fields else ()
    return Received(
        kind,
        tuple(messages),
        codec.decode(request.plan, Plan) if "plan" in fields and request.HasField("plan") else None,
        tuple(codec.decode(item, Assignment) for item in request.assignments) if "assignments" in fields else (),
        tuple(codec.decode(item, TaskResult) for item in request.results) if "results" in fields else (),
        attached,
        text("planner"),
        text("responder"),
        text("previous_run"),
        OnDetach(request.options.on_detach),
        Approval(request.approval) if "approval" in fields else Approval.UNSPECIFIED,
        request.options.request_id,
        context.time_remaining(),
    )
