"""A plan that the caller brings: checked, and streamed like any other."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Final

from orchestrion.events import PlanFinished, TaskPlanned
from orchestrion.plans import Plan
from orchestrion.runs import Artifact
from orchestrion_controller.plans import fan_out, rules
from orchestrion_controller.plans.graph import step_count
from orchestrion_controller.slices import Slices
from orchestrion_controller.stages import PlanItem, PlanningRequest

_STEPS_A_TASK: Final = 100


class SubmittedPlanner:
    """Takes a plan as it is. There is no repair: an invalid plan is the caller's to mend."""

    name = "submitted"

    def __init__(self, plan: Plan, max_calls: int, artifacts: Mapping[str, Artifact] | None = None) -> None:
        """Keeps the plan.

        Args:
            plan: The caller's plan.
            max_calls: How many calls of experts it may make.
            artifacts: Those that it names as `artifacts/{sha256}`, beyond the request's attachments.
        """
        self._plan = plan
        self._max_calls = max_calls
        self._artifacts = artifacts

    async def plan(self, request: PlanningRequest) -> AsyncGenerator[PlanItem, None]:
        """Checks the whole plan before its first task is yielded, so that an invalid one starts nothing.

        Raises:
            InvalidArgumentError: The plan breaks a rule, or would make too many calls (`TOO_MANY_CALLS`); `task_id` and
                `field` name the place.
            NotFoundError: An artifact that it names does not exist.
        """
        plan = await rules.check_in_slices(self._plan, request.task_types, request.attachments, self._artifacts)
        fan_out.check(plan.tasks, request.task_types, self._max_calls)
        slices = Slices()
        for task in plan.tasks:
            # Whoever takes a task writes it down and chooses an expert for it.
            await slices.take(_STEPS_A_TASK + step_count(task))
            yield TaskPlanned(task)
        yield PlanFinished(plan)
