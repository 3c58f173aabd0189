"""Carries requests through the stages. In a full run they overlap: a task runs while others are still being planned."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack, aclosing
from functools import partial
from types import MappingProxyType

from orchestrion.errors import Reason
from orchestrion.events import PlanFinished, Stage, TaskPlanned, TaskRevoked
from orchestrion.experts import Assignment, SelectionPolicy
from orchestrion.plans import Plan, TaskResult, TaskType
from orchestrion.runs import Artifact
from orchestrion_controller.executor.attempts import Assigned
from orchestrion_controller.executor.execution import Revoked
from orchestrion_controller.executor.executor import Executor
from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_controller.pipeline.context import Context
from orchestrion_controller.pipeline.feed import Feed
from orchestrion_controller.pipeline.performers import Performers
from orchestrion_controller.pipeline.selecting import Selecting
from orchestrion_controller.pipeline.stage_scope import StageScope, stage_scope
from orchestrion_controller.planner.submitted import SubmittedPlanner
from orchestrion_controller.plans import rules
from orchestrion_controller.requests import ExecuteRequest, FullRequest, PlanRequest, RespondRequest, SelectRequest
from orchestrion_controller.runs.gate import Gate
from orchestrion_controller.runs.log import RunLog
from orchestrion_controller.selector.demand import Circumstances
from orchestrion_controller.stages import Planner, PlanningRequest, RespondingRequest


class Pipeline:
    """The four stages of one controller."""

    def __init__(
        self,
        performers: Performers,
        selecting: Selecting,
        executor: Executor,
        context: Context,
        metrics: ControllerMetrics,
        *,
        early_dispatch: bool = True,
    ) -> None:
        """Keeps the collaborators.

        Args:
            performers: Who plans and who responds.
            selecting: Who assigns.
            executor: Who executes.
            context: What the stages need to know.
            metrics: Where stages are counted.
            early_dispatch: Whether a task of a full run starts while the rest of the plan is still being written.
        """
        self._performers = performers
        self._selecting = selecting
        self._executor = executor
        self._context = context
        self._metrics = metrics
        self._early_dispatch = early_dispatch

    def check_policy(self, policy: SelectionPolicy) -> SelectionPolicy:
        """Returns a policy of selection that can be followed; errors as `Selecting.check_policy`."""
        return self._selecting.check_policy(policy)

    async def full(self, run: str, log: RunLog, request: FullRequest, gate: Gate | None = None) -> None:
        """Plans, selects, executes and responds; with a gate, the plan is approved before anything is selected."""
        if gate is None and self._early_dispatch and request.policy is not SelectionPolicy.LLM:
            plan, results = await self._overlapping(run, log, request)
        else:
            plan = await self._plan(log, *await self._planner_of(request))
            if gate is not None:
                check = partial(self._check, given=request.task_types, attachments=request.attachments)
                plan = await gate.wait(run, log, plan, check)
            results = await self._carry_out(run, log, plan, request)
        responding = RespondRequest(
            request.messages, request.attachments, plan, results, request.task_types, request.responder
        )
        await self.respond(log, responding, request.previous_run)

    async def plan(self, log: RunLog, request: PlanRequest) -> None:
        """Plans alone."""
        planner = self._performers.planner(request.planner)
        await self._plan(log, planner, await self._planning_request(request, request.task_types))

    async def select(self, log: RunLog, request: SelectRequest) -> None:
        """Assigns alone."""
        plan = await self._check(request.plan, request.task_types)
        log.append(Stage.UNSPECIFIED, PlanFinished(plan))
        await self._selecting.all(log, plan.tasks, await self._circumstances(plan, request), request.policy)

    async def execute(self, run: str, log: RunLog, request: ExecuteRequest) -> None:
        """Executes, and assigns first what is not assigned."""
        plan = await self._check(request.plan, request.task_types, request.attachments)
        # Whoever watches the run or gets it sees what it works on.
        log.append(Stage.UNSPECIFIED, PlanFinished(plan))
        known = {task_id: result for task_id, result in request.results.items() if result.succeeded}
        await self._carry_out(run, log, plan, request, assignments=request.assignments, results=known)

    async def respond(self, log: RunLog, request: RespondRequest, previous_run: str = "") -> None:
        """Responds alone."""
        responder = self._performers.responder(request.responder)
        described = dict(await self._context.artifacts_of(request.plan, request.results.values()))
        described.update({artifact.name: artifact for artifact in request.attachments})
        asked = RespondingRequest(
            request.messages,
            request.plan,
            request.results,
            self._context.known(request.task_types),
            described,
            await self._context.history(previous_run),
        )
        with stage_scope(log, Stage.RESPOND, self._metrics, responder.name) as scope:
            async with aclosing(responder.respond(asked)) as items:
                async for item in items:
                    scope.take(item)

    async def _overlapping(self, run: str, log: RunLog, request: FullRequest) -> tuple[Plan, Mapping[str, TaskResult]]:
        """Plans, selects and executes at the same time: a task starts while others are still being planned."""
        feed = Feed()
        executing = asyncio.create_task(self._execute(run, log, self._context.known(request.task_types), feed, {}))
        try:
            plan = await self._plan_and_assign(log, request, feed)
            feed.close()
            return plan, await executing
        finally:
            executing.cancel()
            await asyncio.wait([executing])

    async def _carry_out(
        self,
        run: str,
        log: RunLog,
        plan: Plan,
        request: FullRequest | ExecuteRequest,
        *,
        assignments: Mapping[str, Assignment] = MappingProxyType({}),
        results: Mapping[str, TaskResult] = MappingProxyType({}),
    ) -> Mapping[str, TaskResult]:
        """Selects for a whole plan, then executes it, but for what is assigned or has a result already."""
        feed = Feed()
        wanted = [task for task in plan.tasks if task.id not in results]
        for task in wanted:
            if task.id in assignments:
                feed.put(Assigned(task, assignments[task.id], pinned=True))
        rest = [task for task in wanted if task.id not in assignments]
        if rest:
            known = await self._circumstances(plan, request)
            for assigned in await self._selecting.all(log, rest, known, request.policy):
                feed.put(assigned)
        feed.close()
        return await self._execute(run, log, self._context.known(request.task_types), feed, results)

    async def _plan(self, log: RunLog, planner: Planner, asked: PlanningRequest) -> Plan:
        """Plans, and hands nothing on."""
        plan: Plan | None = None
        with stage_scope(log, Stage.PLAN, self._metrics, planner.name) as scope:
            async with aclosing(planner.plan(asked)) as items:
                async for item in items:
                    if isinstance(payload := scope.take(item), PlanFinished):
                        plan = payload.plan
        return _whole(plan, planner)

    async def _planner_of(self, request: FullRequest) -> tuple[Planner, PlanningRequest]:
        """Returns who plans a request, and what from: the caller's own plan counts, where there is one."""
        if request.plan is None:
            return self._performers.planner(request.planner), await self._planning_request(request, request.task_types)
        submitted = SubmittedPlanner(request.plan, await self._context.artifacts_of(request.plan))
        return submitted, await self._planning_request(request, self._context.known(request.task_types))

    async def _plan_and_assign(self, log: RunLog, request: FullRequest, feed: Feed) -> Plan:
        """Plans, and hands every task on, assigned, as soon as it is valid."""
        plan: Plan | None = None
        planner, asked = await self._planner_of(request)
        earlier = [artifact for turn in asked.history for artifact in turn.artifacts.values()]
        known = await self._context.circumstances((*request.attachments, *earlier), request.messages, request.licenses)
        with ExitStack() as selecting:
            choosing: StageScope | None = None
            with stage_scope(log, Stage.PLAN, self._metrics, planner.name) as planning:
                async with aclosing(planner.plan(asked)) as items:
                    async for item in items:
                        match planning.take(item):
                            case TaskPlanned(task=task):
                                if choosing is None:
                                    scope = stage_scope(log, Stage.SELECT, self._metrics, "rank")
                                    choosing = selecting.enter_context(scope)
                                feed.put(self._selecting.one(task, known, choosing))
                            case TaskRevoked(task_id=task_id):
                                feed.put(Revoked(task_id))
                            case PlanFinished(plan=whole):
                                plan = whole
        return _whole(plan, planner)

    async def _execute(
        self, run: str, log: RunLog, task_types: Mapping[str, TaskType], feed: Feed, known: Mapping[str, TaskResult]
    ) -> Mapping[str, TaskResult]:
        execution = self._executor.execution(run, task_types, known)
        with ExitStack() as executing:
            scope: StageScope | None = None
            async with aclosing(execution.payloads(aiter(feed))) as payloads:
                async for payload in payloads:
                    if scope is None:
                        scope = executing.enter_context(stage_scope(log, Stage.EXECUTE, self._metrics))
                    scope.take(payload)
        return execution.results

    async def _circumstances(self, plan: Plan, request: FullRequest | ExecuteRequest | SelectRequest) -> Circumstances:
        """Tells what is known of a whole plan beside its tasks."""
        files = await self._context.artifacts_of(plan)
        messages = request.messages if isinstance(request, FullRequest) else ()
        return await self._context.circumstances(files.values(), messages, request.licenses)

    async def _check(self, plan: Plan, given: Mapping[str, TaskType], attachments: tuple[Artifact, ...] = ()) -> Plan:
        described = await self._context.artifacts_of(plan)
        return rules.check(plan, self._context.known(given), attachments, described)

    async def _planning_request(
        self, request: FullRequest | PlanRequest, given: Mapping[str, TaskType]
    ) -> PlanningRequest:
        return PlanningRequest(
            messages=request.messages,
            attachments=request.attachments,
            task_types=self._context.plannable(given),
            offered=self._context.offered(given),
            replaced=bool(given),
            history=await self._context.history(request.previous_run),
        )


def _whole(plan: Plan | None, planner: Planner) -> Plan:
    if plan is None:
        raise Reason.INTERNAL.error(f"The planner {planner.name!r} ended without a plan.")
    return plan
