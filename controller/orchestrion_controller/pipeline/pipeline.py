"""Carries requests through the stages. In a full run they overlap: a task runs while others are still being planned."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack, aclosing
from functools import partial
from types import MappingProxyType
from typing import Final

from orchestrion.errors import Reason
from orchestrion.events import Payload, PlanFinished, Stage, TaskPlanned, TaskRevoked
from orchestrion.experts import Assignment, SelectionPolicy
from orchestrion.plans import Plan, TaskResult, TaskType
from orchestrion.runs import Artifact
from orchestrion_controller import wording
from orchestrion_controller.dispatch import AssignedTask, DispatchQueue, RevokedTask, SelectionContext
from orchestrion_controller.executor.executor import Executor
from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_controller.pipeline import partial_plans
from orchestrion_controller.pipeline.context import StageContext
from orchestrion_controller.pipeline.performers import Performers
from orchestrion_controller.planner.submitted import SubmittedPlanner
from orchestrion_controller.plans import fan_out, rules
from orchestrion_controller.progress import NOTHING, RunProgress
from orchestrion_controller.requests import (
    Approval,
    ExecuteRequest,
    FullRequest,
    PlanRequest,
    RespondRequest,
    SelectRequest,
)
from orchestrion_controller.selector.stage import SelectStage
from orchestrion_controller.slices import Slices
from orchestrion_controller.stage_scope import EventLog, StageScope, stage_scope
from orchestrion_controller.stages import Planner, PlanningRequest, RespondingRequest

_STEPS_A_PAYLOAD: Final = 40


class Pipeline:
    """The four stages of one controller."""

    def __init__(
        self,
        performers: Performers,
        select_stage: SelectStage,
        executor: Executor,
        context: StageContext,
        metrics: ControllerMetrics,
        *,
        early_dispatch: bool = True,
    ) -> None:
        """Keeps the collaborators.

        Args:
            performers: The planners and responders.
            select_stage: Assigns.
            executor: Executes.
            context: Looks up task types, artifacts and earlier turns.
            metrics: Where stages are counted.
            early_dispatch: Whether a task of a full run starts while the rest of the plan is still being written.
        """
        self._performers = performers
        self._select_stage = select_stage
        self._executor = executor
        self._context = context
        self._metrics = metrics
        self._early_dispatch = early_dispatch

    def check_policy(self, policy: SelectionPolicy) -> SelectionPolicy:
        """Returns a policy of selection that can be followed; errors as `SelectStage.check_policy`."""
        return self._select_stage.check_policy(policy)

    async def full(
        self,
        run: str,
        log: EventLog,
        request: FullRequest,
        approval: Approval | None = None,
        progress: RunProgress = NOTHING,
    ) -> None:
        """Plans, selects, executes and responds.

        Args:
            run: The name of the run.
            log: Its log.
            request: The request.
            approval: Waits until somebody approves the plan, before anything is selected; None for no approval.
            progress: What an earlier process did of it.
        """
        if progress.answered:
            return
        if progress is NOTHING:
            # While hosts come back after a restart, what can be done is not yet what is there.
            await self._context.hosts_settled(log, None if request.plan is None else _types(request.plan))
        early = self._early_dispatch and request.policy is not SelectionPolicy.LLM and not request.assignments
        if progress is not NOTHING:
            end, plan, results = await self._resume(run, log, request, approval, progress)
        elif approval is None and early:
            end, results = await self._overlapping(run, log, request)
            plan = end.plan
        else:
            end = await self._plan(log, *await self._planner_of(request), awaits_approval=approval is not None)
            plan = end.plan
            if approval is not None:
                check = partial(self._check, own=request.task_types, attachments=request.attachments)
                plan = await approval(plan, check)
            results = await self._carry_out(run, log, plan, request, assignments=request.assignments)
        # Whoever edited the plan may have added what was not done.
        not_done = end.not_done if plan == end.plan else ()
        responding = RespondRequest(
            request.messages, request.attachments, plan, results, request.task_types, request.responder, not_done
        )
        await self.respond(log, responding, request.previous_run)

    async def plan(self, log: EventLog, request: PlanRequest, progress: RunProgress = NOTHING) -> None:
        """Plans alone; a plan that an earlier process was writing is written again."""
        planner = self._performers.planner(request.planner)
        if (end := progress.planned) is not None:
            if end.not_done or end.questions:
                planning_request = await self._planning_request(request, request.task_types)
                await partial_plans.check(end, planner, planning_request, awaits_approval=False)
            return
        if progress is NOTHING:
            await self._context.hosts_settled(log)
        else:
            await self._context.hosts_back(progress.hosts)
        await self._plan(_Redrafting(log, progress), planner, await self._planning_request(request, request.task_types))

    async def select(self, log: EventLog, request: SelectRequest, progress: RunProgress = NOTHING) -> None:
        """Assigns alone."""
        plan = await self._submitted_plan(log, request, (), progress)
        await self._select_stage.all(log, plan.tasks, await self._selection_context(plan, request), request.policy)

    async def execute(self, run: str, log: EventLog, request: ExecuteRequest, progress: RunProgress = NOTHING) -> None:
        """Executes, and assigns first what is not assigned."""
        plan = await self._submitted_plan(log, request, request.attachments, progress)
        results = {task_id: result for task_id, result in request.results.items() if result.succeeded}
        results.update(progress.results)
        await self._carry_out(run, log, plan, request, assignments=request.assignments, results=results)

    async def respond(
        self, log: EventLog, request: RespondRequest, previous_run: str = "", progress: RunProgress = NOTHING
    ) -> None:
        """Responds alone; an answer that an earlier process was writing is written again."""
        if progress.answered:
            return
        responder = self._performers.responder(request.responder)
        history = await self._context.history(previous_run)
        described = dict(await self._context.files_of(request.plan, request.results, request.attachments, history))
        order = wording.files_in_order(request.messages, request.plan, request.results, described)
        responding = RespondingRequest(
            request.messages,
            request.plan,
            request.results,
            self._context.in_force(request.task_types),
            {name: described[name] for name in order},
            history,
            request.not_done,
            request.attachments,
            self._context.offered(request.task_types),
        )
        with stage_scope(log, Stage.RESPOND, self._metrics, responder.name) as scope:
            async with aclosing(responder.respond(responding)) as items:
                async for item in items:
                    scope.take(item)

    async def _submitted_plan(
        self,
        log: EventLog,
        request: SelectRequest | ExecuteRequest,
        attachments: tuple[Artifact, ...],
        progress: RunProgress,
    ) -> Plan:
        """Returns the plan of a stage alone, which is in the log too: readers of the run see what it works on."""
        plan = await self._check(request.plan, request.task_types, attachments)
        if progress.planned is None:
            log.append(Stage.UNSPECIFIED, PlanFinished(plan))
        if progress is NOTHING:
            await self._context.hosts_settled(log, _types(plan))
        else:
            open_types = {task.type for task in plan.tasks if task.id not in progress.results}
            await self._context.hosts_back(progress.hosts, open_types)
        return plan

    async def _resume(
        self, run: str, log: EventLog, request: FullRequest, approval: Approval | None, progress: RunProgress
    ) -> tuple[PlanFinished, Plan, Mapping[str, TaskResult]]:
        """Does what an earlier process left to do before the answer: what ended there stays as it ended."""
        end = progress.planned
        if end is None:
            if request.plan is None:
                await self._context.hosts_back(progress.hosts)
            planner = await self._planner_of(request)
            end = await self._plan(_Redrafting(log, progress), *planner, awaits_approval=approval is not None)
        elif end.not_done or end.questions:
            # The earlier process was about to end the run with it.
            await partial_plans.check(end, *await self._planner_of(request), awaits_approval=approval is not None)
        plan = progress.approved or end.plan
        if approval is not None and progress.approved is None:
            check = partial(self._check, own=request.task_types, attachments=request.attachments)
            plan = await approval(plan, check)
        results = progress.kept(plan)
        if open_types := {task.type for task in plan.tasks if task.id not in results}:
            await self._context.hosts_back(progress.hosts, open_types)
            results = await self._carry_out(run, log, plan, request, assignments=request.assignments, results=results)
        return end, plan, results

    async def _overlapping(
        self, run: str, log: EventLog, request: FullRequest
    ) -> tuple[PlanFinished, Mapping[str, TaskResult]]:
        """Plans, selects and executes at the same time: a task starts while others are still being planned."""
        queue = DispatchQueue()
        executing = asyncio.create_task(self._execute(run, log, self._context.in_force(request.task_types), queue, {}))
        try:
            end = await self._plan_and_assign(log, request, queue)
            queue.close()
            return end, await executing
        finally:
            executing.cancel()
            await asyncio.wait([executing])

    async def _carry_out(
        self,
        run: str,
        log: EventLog,
        plan: Plan,
        request: FullRequest | ExecuteRequest,
        *,
        assignments: Mapping[str, Assignment] = MappingProxyType({}),
        results: Mapping[str, TaskResult] = MappingProxyType({}),
    ) -> Mapping[str, TaskResult]:
        """Selects for a whole plan, then executes it, except tasks that are assigned or have a result already."""
        queue = DispatchQueue()
        open_tasks = [task for task in plan.tasks if task.id not in results]
        for task in open_tasks:
            if task.id in assignments:
                queue.put(AssignedTask(task, assignments[task.id], pinned=True))
        unassigned = [task for task in open_tasks if task.id not in assignments]
        if unassigned:
            context = await self._selection_context(plan, request)
            for assigned in await self._select_stage.all(log, unassigned, context, request.policy):
                queue.put(assigned)
        queue.close()
        return await self._execute(run, log, self._context.in_force(request.task_types), queue, results)

    async def _plan(
        self, log: EventLog, planner: Planner, request: PlanningRequest, *, awaits_approval: bool = False
    ) -> PlanFinished:
        """Plans, and dispatches nothing; errors as `partial_plans.check`."""
        end: PlanFinished | None = None
        with stage_scope(log, Stage.PLAN, self._metrics, planner.name) as scope:
            async with aclosing(planner.plan(request)) as items:
                async for item in items:
                    if isinstance(payload := scope.take(item), PlanFinished):
                        end = payload
                        await partial_plans.check(end, planner, request, awaits_approval=awaits_approval)
        return _whole(end, planner)

    async def _planner_of(self, request: FullRequest) -> tuple[Planner, PlanningRequest]:
        """Returns the planner and its request: for a submitted plan, the planner that streams it."""
        if request.plan is None:
            return self._performers.planner(request.planner), await self._planning_request(request, request.task_types)
        artifacts = await self._context.artifacts_of(request.plan)
        submitted = SubmittedPlanner(request.plan, self._executor.limits.max_calls, artifacts)
        return submitted, await self._planning_request(request, self._context.in_force(request.task_types))

    async def _plan_and_assign(self, log: EventLog, request: FullRequest, queue: DispatchQueue) -> PlanFinished:
        """Plans, and dispatches every task, assigned, as soon as it is valid."""
        end: PlanFinished | None = None
        planner, planning_request = await self._planner_of(request)
        earlier = [artifact for turn in planning_request.history for artifact in turn.artifacts.values()]
        files = (*request.attachments, *earlier)
        context = await self._context.selection_context(files, request.messages, request.licenses)
        # The stage Select opens with the first task and closes after the stage Plan.
        with ExitStack() as open_stages:
            selecting: StageScope | None = None
            with stage_scope(log, Stage.PLAN, self._metrics, planner.name) as planning:
                async with aclosing(planner.plan(planning_request)) as items:
                    async for item in items:
                        match planning.take(item):
                            case TaskPlanned(task=task):
                                if selecting is None:
                                    scope = stage_scope(log, Stage.SELECT, self._metrics, "rank")
                                    selecting = open_stages.enter_context(scope)
                                queue.put(await self._select_stage.one(task, context, selecting))
                            case TaskRevoked(task_id=task_id):
                                queue.put(RevokedTask(task_id))
                            case PlanFinished() as payload:
                                end = payload
                                await partial_plans.check(end, planner, planning_request)
        return _whole(end, planner)

    async def _execute(
        self,
        run: str,
        log: EventLog,
        task_types: Mapping[str, TaskType],
        queue: DispatchQueue,
        results: Mapping[str, TaskResult],
    ) -> Mapping[str, TaskResult]:
        execution = self._executor.execution(run, task_types, results)
        with ExitStack() as open_stages:
            scope: StageScope | None = None
            slices = Slices()
            async with aclosing(execution.payloads(aiter(queue))) as payloads:
                async for payload in payloads:
                    # What many tasks tell at once waits together.
                    await slices.take(_STEPS_A_PAYLOAD)
                    if scope is None:
                        scope = open_stages.enter_context(stage_scope(log, Stage.EXECUTE, self._metrics))
                    scope.take(payload)
        return execution.results

    async def _selection_context(
        self, plan: Plan, request: FullRequest | ExecuteRequest | SelectRequest
    ) -> SelectionContext:
        """Returns the selection context of a whole plan."""
        files = await self._context.artifacts_of(plan)
        messages = request.messages if isinstance(request, FullRequest) else ()
        return await self._context.selection_context(files.values(), messages, request.licenses)

    async def _check(self, plan: Plan, own: Mapping[str, TaskType], attachments: tuple[Artifact, ...] = ()) -> Plan:
        described = await self._context.artifacts_of(plan)
        checked = await rules.check_in_slices(plan, self._context.in_force(own), attachments, described)
        fan_out.check(checked.tasks, self._context.in_force(own), self._executor.limits.max_calls)
        return checked

    async def _planning_request(
        self, request: FullRequest | PlanRequest, own: Mapping[str, TaskType]
    ) -> PlanningRequest:
        return PlanningRequest(
            messages=request.messages,
            attachments=request.attachments,
            task_types=self._context.plannable(own),
            offered=self._context.offered(own),
            replaced=bool(own),
            defined=self._context.in_force(own),
            cures=self._context.cures(),
            limits=self._context.limits(own),
            answered_by_model=self._performers.answers_by_model(getattr(request, "responder", "")),
            history=await self._context.history(request.previous_run),
        )


class _Redrafting:
    """A log to which a plan is written again: tasks that it no longer has, or has otherwise, are revoked first."""

    def __init__(self, log: EventLog, progress: RunProgress) -> None:
        self._log = log
        self._drafted = dict(progress.drafted)

    def append(self, stage: Stage, payload: Payload) -> None:
        if isinstance(payload, TaskPlanned) and self._drafted.pop(payload.task.id, payload.task) != payload.task:
            self._log.append(stage, TaskRevoked(payload.task.id))
        elif isinstance(payload, PlanFinished):
            ids = {task.id for task in payload.plan.tasks}
            for task_id in self._drafted.keys() - ids:
                self._log.append(stage, TaskRevoked(task_id))
        self._log.append(stage, payload)


def _types(plan: Plan) -> frozenset[str]:
    return frozenset(task.type for task in plan.tasks)


def _whole(end: PlanFinished | None, planner: Planner) -> PlanFinished:
    if end is None:
        raise Reason.INTERNAL.error(f"The planner {planner.name!r} ended without a plan.")
    return end
