"""PlanService, SelectService, ExecuteService and RespondService: each call is a run of one stage."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing

from orchestrion.runs import RunKind
from orchestrion.v1 import (
    events_pb2,
    execute_service_pb2,
    execute_service_pb2_grpc,
    plan_service_pb2,
    plan_service_pb2_grpc,
    respond_service_pb2,
    respond_service_pb2_grpc,
    select_service_pb2,
    select_service_pb2_grpc,
)
from orchestrion_controller.runs.runs import RunSupervisor
from orchestrion_controller.servicers import decoding
from orchestrion_controller.servicers.programs import Programs
from orchestrion_serving import callers
from orchestrion_serving.interceptors import Context


class PlanServicer(plan_service_pb2_grpc.PlanServiceServicer):
    """Turns requests into plans."""

    def __init__(self, runs: RunSupervisor, programs: Programs) -> None:
        """Keeps the collaborators."""
        self._runs, self._programs = runs, programs

    async def Plan(self, request: plan_service_pb2.PlanRequest, context: Context) -> AsyncIterator[events_pb2.Event]:
        """Plans a request."""
        caller = callers.current.get()
        self._runs.check_admission(request.options.request_id, caller, request.ByteSize())
        run = await self._programs.plan(request)
        events = self._runs.run(
            RunKind.PLAN,
            run.program,
            request=request.SerializeToString(),
            caller=caller,
            messages=run.messages,
            options=run.options,
            deadline_s=decoding.deadline_s(context),
            previous_run=request.previous_run,
        )
        del run
        async with aclosing(events):
            async for event in events:
                yield event


class SelectServicer(select_service_pb2_grpc.SelectServiceServicer):
    """Chooses an expert for every task of a plan."""

    def __init__(self, runs: RunSupervisor, programs: Programs) -> None:
        """Keeps the collaborators."""
        self._runs, self._programs = runs, programs

    async def Select(
        self, request: select_service_pb2.SelectRequest, context: Context
    ) -> AsyncIterator[events_pb2.Event]:
        """Assigns a plan."""
        caller = callers.current.get()
        self._runs.check_admission(request.options.request_id, caller, request.ByteSize())
        run = self._programs.select(request)
        events = self._runs.run(
            RunKind.SELECT,
            run.program,
            request=request.SerializeToString(),
            caller=caller,
            messages=run.messages,
            options=run.options,
            deadline_s=decoding.deadline_s(context),
        )
        del run
        async with aclosing(events):
            async for event in events:
                yield event


class ExecuteServicer(execute_service_pb2_grpc.ExecuteServiceServicer):
    """Runs plans on experts."""

    def __init__(self, runs: RunSupervisor, programs: Programs) -> None:
        """Keeps the collaborators."""
        self._runs, self._programs = runs, programs

    async def Execute(
        self, request: execute_service_pb2.ExecuteRequest, context: Context
    ) -> AsyncIterator[events_pb2.Event]:
        """Runs a plan."""
        caller = callers.current.get()
        self._runs.check_admission(request.options.request_id, caller, request.ByteSize())
        run = await self._programs.execute(request)
        events = self._runs.run(
            RunKind.EXECUTE,
            run.program,
            request=request.SerializeToString(),
            caller=caller,
            messages=run.messages,
            options=run.options,
            deadline_s=decoding.deadline_s(context),
        )
        del run
        async with aclosing(events):
            async for event in events:
                yield event


class RespondServicer(respond_service_pb2_grpc.RespondServiceServicer):
    """Answers requests from results."""

    def __init__(self, runs: RunSupervisor, programs: Programs) -> None:
        """Keeps the collaborators."""
        self._runs, self._programs = runs, programs

    async def Respond(
        self, request: respond_service_pb2.RespondRequest, context: Context
    ) -> AsyncIterator[events_pb2.Event]:
        """Answers from results."""
        caller = callers.current.get()
        self._runs.check_admission(request.options.request_id, caller, request.ByteSize())
        run = await self._programs.respond(request)
        events = self._runs.run(
            RunKind.RESPOND,
            run.program,
            request=request.SerializeToString(),
            caller=caller,
            messages=run.messages,
            options=run.options,
            deadline_s=decoding.deadline_s(context),
        )
        del run
        async with aclosing(events):
            async for event in events:
                yield event
