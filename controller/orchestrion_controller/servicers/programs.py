"""What runs do, from their requests: the same for a call that comes and for a run that is resumed after a restart."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.events import ApprovalAwaited, Event
from orchestrion.runs import RunKind, RunOptions
from orchestrion.v1 import (
    execute_service_pb2,
    plan_service_pb2,
    respond_service_pb2,
    run_service_pb2,
    runs_pb2,
    select_service_pb2,
)
from orchestrion_controller.artifacts.artifacts import OwnedArtifacts
from orchestrion_controller.pipeline.pipeline import Pipeline
from orchestrion_controller.progress import NOTHING, RunProgress, progress_of
from orchestrion_controller.requests import ExecuteRequest, FullRequest, PlanRequest, RespondRequest, SelectRequest
from orchestrion_controller.runs.log import RunLog
from orchestrion_controller.runs.resuming import PreparedRun, log_restart
from orchestrion_controller.runs.runs import RunSupervisor
from orchestrion_controller.servicers import decoding


class Programs:
    """Prepares runs of every kind. All methods raise what their request has wrong, with the field at fault."""

    def __init__(self, runs: RunSupervisor, pipeline: Pipeline, artifacts: OwnedArtifacts) -> None:
        """Keeps the collaborators."""
        self._runs, self._pipeline, self._artifacts = runs, pipeline, artifacts

    async def resume(self, kind: RunKind, request: bytes, log: Sequence[Event]) -> PreparedRun:
        """Returns how a run goes on that an earlier process left; where it cannot, its program raises the error."""
        try:
            prepared = await self._prepare(kind, request, log)
        except OrchestrionError as error:
            prepared = PreparedRun(partial(_fail, error), RunOptions())

        async def program(run: str, run_log: RunLog) -> None:
            log_restart(run_log, log)
            await prepared.program(run, run_log)

        return PreparedRun(program, prepared.options, prepared.messages, prepared.gate)

    async def _prepare(self, kind: RunKind, request: bytes, log: Sequence[Event]) -> PreparedRun:
        progress = progress_of(log)
        match kind:
            case RunKind.FULL:
                return await self.full(run_service_pb2.RunRequest.FromString(request), progress, log)
            case RunKind.PLAN:
                return await self.plan(plan_service_pb2.PlanRequest.FromString(request), progress)
            case RunKind.SELECT:
                return self.select(select_service_pb2.SelectRequest.FromString(request), progress)
            case RunKind.EXECUTE:
                return await self.execute(execute_service_pb2.ExecuteRequest.FromString(request), progress)
            case RunKind.RESPOND:
                return await self.respond(respond_service_pb2.RespondRequest.FromString(request), progress)
            case _:
                message = "The controller was restarted while the run was going, and does not know its kind; ask again."
                raise Reason.CONTROLLER_RESTARTED.error(message)

    async def full(
        self, request: run_service_pb2.RunRequest, progress: RunProgress = NOTHING, past: Sequence[Event] = ()
    ) -> PreparedRun:
        """Prepares a run through all four stages; `past` are the events of one that is resumed."""
        timeout_ms = decoding.approval_timeout_ms(request)
        gate = None
        if request.approval == runs_pb2.APPROVAL_REQUIRED:
            awaited = [event.payload.deadline_time for event in past if isinstance(event.payload, ApprovalAwaited)]
            gate = self._runs.gate(timeout_ms, awaited[-1] if awaited else None)
        turns = decoding.messages(request.messages)
        plan = decoding.plan(request.plan) if request.HasField("plan") else None
        full_request = FullRequest(
            messages=turns,
            attachments=await decoding.attachments(turns, self._artifacts),
            task_types=decoding.task_types(request.task_types),
            plan=plan,
            assignments=decoding.assignments_of(plan, request.assignments),
            planner=request.planner,
            responder=request.responder,
            previous_run=decoding.previous_run(request.previous_run),
            policy=self._pipeline.check_policy(decoding.policy(request.policy)),
            licenses=decoding.licenses(request.licenses),
        )
        if full_request.previous_run:
            await self._runs.check_exists(full_request.previous_run)

        async def program(run: str, log: RunLog) -> None:
            approval = None if gate is None else partial(gate.wait, run, log)
            await self._pipeline.full(run, log, full_request, approval, progress)

        return PreparedRun(program, decoding.options(request.options), turns, gate)

    async def plan(self, request: plan_service_pb2.PlanRequest, progress: RunProgress = NOTHING) -> PreparedRun:
        """Prepares planning alone."""
        turns = decoding.messages(request.messages)
        plan_request = PlanRequest(
            turns,
            await decoding.attachments(turns, self._artifacts),
            decoding.task_types(request.task_types),
            request.planner,
            decoding.previous_run(request.previous_run),
        )
        options = decoding.options(request.options)
        return PreparedRun(lambda _, log: self._pipeline.plan(log, plan_request, progress), options, turns)

    def select(self, request: select_service_pb2.SelectRequest, progress: RunProgress = NOTHING) -> PreparedRun:
        """Prepares assigning alone."""
        select_request = SelectRequest(
            decoding.plan(request.plan),
            decoding.task_types(request.task_types),
            self._pipeline.check_policy(decoding.policy(request.policy)),
            decoding.licenses(request.licenses),
        )
        options = decoding.options(request.options)
        return PreparedRun(lambda _, log: self._pipeline.select(log, select_request, progress), options)

    async def execute(
        self, request: execute_service_pb2.ExecuteRequest, progress: RunProgress = NOTHING
    ) -> PreparedRun:
        """Prepares executing alone."""
        execute_request = ExecuteRequest(
            decoding.plan(request.plan),
            decoding.task_types(request.task_types),
            await self._artifacts.get_all(request.attachments, field="attachments"),
            decoding.assignments(request.assignments),
            decoding.results(request.results),
            self._pipeline.check_policy(decoding.policy(request.policy)),
            decoding.licenses(request.licenses),
        )
        options = decoding.options(request.options)
        return PreparedRun(lambda run, log: self._pipeline.execute(run, log, execute_request, progress), options)

    async def respond(
        self, request: respond_service_pb2.RespondRequest, progress: RunProgress = NOTHING
    ) -> PreparedRun:
        """Prepares answering alone."""
        turns = decoding.messages(request.messages)
        plan, results = decoding.plan_with_results(request.plan), decoding.results(request.results)
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
        options = decoding.options(request.options)
        return PreparedRun(
            lambda _, log: self._pipeline.respond(log, respond_request, progress=progress), options, turns
        )


async def _fail(error: OrchestrionError, run: str, log: RunLog) -> None:
    raise error
