"""PlanService, SelectService, ExecuteService and RespondService: each call is a run of one stage."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing

from orchestrion.errors import Reason
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
from orchestrion_controller.artifacts.artifacts import OwnedArtifacts
from orchestrion_controller.pipeline.pipeline import Pipeline
from orchestrion_controller.requests import ExecuteRequest, PlanRequest, RespondRequest, SelectRequest
from orchestrion_controller.runs.runs import RunSupervisor
from orchestrion_controller.servicers import decoding
from orchestrion_serving.interceptors import Context


class PlanServicer(plan_service_pb2_grpc.PlanServiceServicer):
    """Turns requests into plans."""

    def __init__(self, runs: RunSupervisor, pipeline: Pipeline, artifacts: OwnedArtifacts) -> None:
        """Keeps the collaborators."""
        self._runs, self._pipeline, self._artifacts = runs, pipeline, artifacts

    async def Plan(self, request: plan_service_pb2.PlanRequest, context: Context) -> AsyncIterator[events_pb2.Event]:
        """Plans a request."""
        turns = decoding.messages(request.messages)
        plan_request = PlanRequest(
            turns,
            await decoding.attachments(turns, self._artifacts),
            decoding.task_types(request.task_types),
            request.planner,
            decoding.previous_run(request.previous_run),
        )
        events = self._runs.run(
            RunKind.PLAN,
            lambda _, log: self._pipeline.plan(log, plan_request),
            messages=turns,
            options=decoding.options(request.options),
            deadline_s=decoding.deadline_s(context),
            previous_run=plan_request.previous_run,
        )
        async with aclosing(events):
            async for event in events:
                yield event


class SelectServicer(select_service_pb2_grpc.SelectServiceServicer):
    """Chooses an expert for every task of a plan."""

    def __init__(self, runs: RunSupervisor, pipeline: Pipeline) -> None:
        """Keeps the collaborators."""
        self._runs, self._pipeline = runs, pipeline

    async def Select(
        self, request: select_service_pb2.SelectRequest, context: Context
    ) -> AsyncIterator[events_pb2.Event]:
        """Assigns a plan."""
        select_request = SelectRequest(
            decoding.plan(request.plan),
            decoding.task_types(request.task_types),
            self._pipeline.check_policy(decoding.policy(request.policy)),
            decoding.licenses(request.licenses),
        )
        events = self._runs.run(
            RunKind.SELECT,
            lambda _, log: self._pipeline.select(log, select_request),
            options=decoding.options(request.options),
            deadline_s=decoding.deadline_s(context),
        )
        async with aclosing(events):
            async for event in events:
                yield event


class ExecuteServicer(execute_service_pb2_grpc.ExecuteServiceServicer):
    """Runs plans on experts."""

    def __init__(self, runs: RunSupervisor, pipeline: Pipeline, artifacts: OwnedArtifacts) -> None:
        """Keeps the collaborators."""
        self._runs, self._pipeline, self._artifacts = runs, pipeline, artifacts

    async def Execute(
        self, request: execute_service_pb2.ExecuteRequest, context: Context
    ) -> AsyncIterator[events_pb2.Event]:
        """Runs a plan."""
        execute_request = ExecuteRequest(
            decoding.plan(request.plan),
            decoding.task_types(request.task_types),
            await self._artifacts.get_all(request.attachments, field="attachments"),
            decoding.assignments(request.assignments),
            decoding.results(request.results),
            self._pipeline.check_policy(decoding.policy(request.policy)),
            decoding.licenses(request.licenses),
        )
        events = self._runs.run(
            RunKind.EXECUTE,
            lambda run, log: self._pipeline.execute(run, log, execute_request),
            options=decoding.options(request.options),
            deadline_s=decoding.deadline_s(context),
        )
        async with aclosing(events):
            async for event in events:
                yield event


class RespondServicer(respond_service_pb2_grpc.RespondServiceServicer):
    """Answers requests from results."""

    def __init__(self, runs: RunSupervisor, pipeline: Pipeline, artifacts: OwnedArtifacts) -> None:
        """Keeps the collaborators."""
        self._runs, self._pipeline, self._artifacts = runs, pipeline, artifacts

    async def Respond(
        self, request: respond_service_pb2.RespondRequest, context: Context
    ) -> AsyncIterator[events_pb2.Event]:
        """Answers from results."""
        turns = decoding.messages(request.messages)
        plan, results = decoding.plan(request.plan), decoding.results(request.results)
        for task_id in results:
            if plan.task(task_id) is None:
                message = f"results: there is no task {task_id!r} in the plan."
                raise Reason.PLAN_INVALID.error(message, field="results", task_id=task_id)
        respond_request = RespondRequest(
            turns,
            await decoding.attachments(turns, self._artifacts),
            plan,
            results,
            decoding.task_types(request.task_types),
            request.responder,
        )
        events = self._runs.run(
            RunKind.RESPOND,
            lambda _, log: self._pipeline.respond(log, respond_request),
            messages=turns,
            options=decoding.options(request.options),
            deadline_s=decoding.deadline_s(context),
        )
        async with aclosing(events):
            async for event in events:
                yield event
