"""A planner of another package, wrapped: its tasks are checked against the rules of plans before they are yielded."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import replace

from orchestrion.errors import OrchestrionError, Reason
from orchestrion.events import PlanFinished, TaskPlanned, TaskRevoked
from orchestrion.plans import Plan, Task
from orchestrion_controller.plans.rules import PlanChecker
from orchestrion_controller.stages import PlanItem, Planner, PlanningRequest, runs_partial

_log = logging.getLogger(__name__)


class PluginPlanner:
    """Passes on what a planner yields, each task checked and its attachments resolved.

    A planner may yield its tasks one by one, the whole plan at once, or both: what the plan at the end has and its
    tasks had not is planned then, and what it no longer has is revoked.
    """

    def __init__(self, name: str, planner: Planner) -> None:
        """Wraps a planner.

        Args:
            name: The name of its entry point, by which requests ask for it.
            planner: The planner.
        """
        self.name = name
        self.runs_partial = runs_partial(planner)
        self._planner = planner

    async def plan(self, request: PlanningRequest) -> AsyncGenerator[PlanItem, None]:
        """Plans a request.

        Raises:
            OrchestrionError: The planner refuses, a task breaks a rule, or the planner failed (`INTERNAL`).
        """
        draft = _Draft(request)
        try:
            async with aclosing(self._planner.plan(request)) as items:
                async for item in items:
                    match item:
                        case TaskPlanned(task=task):
                            yield draft.add(task)
                        case TaskRevoked(task_id=task_id):
                            yield draft.revoke(task_id)
                        case PlanFinished(plan=plan) as end:
                            # Tasks start when they are yielded: those of a plan that may not run stay in the plan.
                            starts = self.runs_partial or not (end.not_done or end.questions)
                            for change in draft.changes_to(plan):
                                if starts:
                                    yield change
                            yield replace(end, plan=draft.close(plan))
                            return
                        case _:
                            yield item
        except OrchestrionError:
            raise
        except Exception as error:
            _log.exception("the planner %s failed", self.name)
            message = f"The planner {self.name!r} failed; the controller's log has the details."
            raise Reason.INTERNAL.error(message, planner=self.name) from error


class _Draft:
    """The tasks so far: as the planner wrote them, and checked."""

    def __init__(self, request: PlanningRequest) -> None:
        self._request = request
        self._artifacts = {name: artifact for turn in request.history for name, artifact in turn.artifacts.items()}
        self._written: dict[str, Task] = {}
        self._checker = self._new_checker()

    def add(self, task: Task) -> TaskPlanned:
        checked = self._checker.add(task)
        self._written[task.id] = task
        return TaskPlanned(checked)

    def revoke(self, task_id: str) -> TaskRevoked:
        self._written.pop(task_id, None)
        # A checker cannot forget a task; what is left passed it before.
        self._checker = self._new_checker()
        for task in self._written.values():
            self._checker.add(task)
        return TaskRevoked(task_id)

    def changes_to(self, plan: Plan) -> Iterator[TaskPlanned | TaskRevoked]:
        """Yields what makes the tasks so far those of the whole plan."""
        planned = {task.id: task for task in plan.tasks}
        for task_id in [task_id for task_id, task in self._written.items() if planned.get(task_id) != task]:
            yield self.revoke(task_id)
        written = frozenset(self._written)
        for task in plan.tasks:
            if task.id not in written:
                yield self.add(task)

    def close(self, plan: Plan) -> Plan:
        return self._checker.close(plan.no_task_reason)

    def _new_checker(self) -> PlanChecker:
        return PlanChecker(self._request.task_types, self._request.attachments, self._artifacts)
