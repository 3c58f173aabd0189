"""What the author of a planner or a responder imports: these names keep from one minor version to the next.

A package plugs a planner in by an entry point, whose name is the planner's:

    [project.entry-points."orchestrion.planners"]
    my-planner = "my_package.planner:make_planner"

The object is called without arguments, once, while the controller starts, and returns a `Planner`; a class is fine. A
planner has a `name`, which events have as the performer, and `plan`, an async generator that takes a
`PlanningRequest` and yields `PlanItem`s:

    from collections.abc import AsyncGenerator

    from orchestrion.events import PlanFinished
    from orchestrion.plans import Plan, Task
    from orchestrion.values import ArtifactRef
    from orchestrion_controller.plugins import PlanItem, PlanningRequest

    class Describer:
        name = "my-planner"

        async def plan(self, request: PlanningRequest) -> AsyncGenerator[PlanItem, None]:
            tasks = [
                Task(f"describe-{number}", "image-to-text", {"image": ArtifactRef(f"attachments/{number}")})
                for number in range(1, len(request.attachments) + 1)
            ]
            yield PlanFinished(Plan(tuple(tasks), "" if tasks else "No picture is attached."))

A planner that writes slowly yields `TaskPlanned(task)` as soon as it has a task, so that the task starts while the rest
is still being written. The controller checks every task against the rules of plans and resolves its attachments
(`attachments/1` and so on), so a planner need not; the first broken rule ends the run with that rule's error. To
refuse, raise an `orchestrion.errors` exception, such as `Reason.REQUEST_BEYOND_PLANNER.error("why")`. A planner
that asks a language model yields what that took as `Usage`. What a plan does not do of the request stands in
`PlanFinished.not_done`; with `runs_partial = False` as an attribute of the planner, such a plan is not run unasked.

A responder is the same under `orchestrion.responders`: a `name`, and `respond`, which takes a `RespondingRequest` and
yields `AnswerText` pieces. `AnswerFinished`, with the whole text and the names of the artifacts that the answer hands
over, may be left out where there are no artifacts.

Both run on the controller's event loop: work that takes longer than some milliseconds belongs on a thread
(`asyncio.to_thread`) or in an awaited call. When a run is cancelled, the generator is closed where it awaits.
"""

from __future__ import annotations

from orchestrion_controller.stages import (
    AnswerItem,
    PastTurn,
    PlanItem,
    Planner,
    PlanningRequest,
    Responder,
    RespondingRequest,
    Usage,
)

__all__ = [
    "AnswerItem",
    "PastTurn",
    "PlanItem",
    "Planner",
    "PlanningRequest",
    "Responder",
    "RespondingRequest",
    "Usage",
]
