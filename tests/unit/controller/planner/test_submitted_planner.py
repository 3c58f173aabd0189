from __future__ import annotations

import time

import pytest

from orchestrion import task_types
from orchestrion.errors import OrchestrionError
from orchestrion.events import PlanFinished, TaskPlanned
from orchestrion.plans import Plan, Task
from orchestrion.values import OutputRef
from orchestrion_controller.planner.submitted import SubmittedPlanner
from orchestrion_controller.stages import PlanItem, PlanningRequest

REQUEST = PlanningRequest((), (), task_types.load())
SELECT = Task("pick", "text-selection", {"texts": ("a", "bb"), "criterion": "longest"})
SPEAK = Task("speak", "text-to-speech", {"text": OutputRef("pick", "text")})


async def items_of(plan: Plan) -> list[PlanItem]:
    return [item async for item in SubmittedPlanner(plan, 100).plan(REQUEST)]


async def test_plan_is_streamed_as_it_is() -> None:
    plan = Plan((SELECT, SPEAK))
    assert await items_of(plan) == [TaskPlanned(SELECT), TaskPlanned(SPEAK), PlanFinished(plan)]


async def test_nothing_of_an_invalid_plan_goes_out() -> None:
    planner = SubmittedPlanner(Plan((SELECT, Task("speak", "text-to-speech", {}))), 100)
    with pytest.raises(OrchestrionError) as caught:
        await anext(planner.plan(REQUEST))
    assert caught.value.reason == "MISSING_INPUT"


async def test_first_task_is_out_at_once() -> None:
    start = time.perf_counter()
    await anext(SubmittedPlanner(Plan((SELECT, SPEAK)), 100).plan(REQUEST))
    assert time.perf_counter() - start < 0.010
