"""Plans that do not do all that was asked for: which are carried out, and the refusal of the others."""

from __future__ import annotations

from orchestrion.events import PlanFinished
from orchestrion.runs import Role
from orchestrion_controller import languages, refusals
from orchestrion_controller.stages import Planner, PlanningRequest, runs_partial


async def check(
    end: PlanFinished, planner: Planner, request: PlanningRequest, *, awaits_approval: bool = False
) -> None:
    """Sees that a plan is carried out only where nothing that was asked for is left out unasked.

    Args:
        end: What the planner ended with.
        planner: The planner; one that `runs_partial` may leave parts out, which the answer then names.
        request: Its request.
        awaits_approval: Whether somebody is shown the plan, with what it does not do, before anything runs.

    Raises:
        FailedPreconditionError: The plan does not do all of the request, or the planner asks something first
            (`REQUEST_BEYOND_PLANNER`).
    """
    if not (end.not_done or end.questions) or runs_partial(planner) or (awaits_approval and end.plan.tasks):
        return
    text = next((message.text for message in reversed(request.messages) if message.role is not Role.ASSISTANT), "")
    await languages.prepared()
    language = languages.detect(text)
    raise refusals.refusal(end.not_done, end.questions, language, planner=planner.name)
