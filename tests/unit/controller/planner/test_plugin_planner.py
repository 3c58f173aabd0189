"""A planner of another package: whatever it yields keeps to the rules of plans."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from orchestrion import task_types
from orchestrion.errors import InternalError, InvalidArgumentError, Reason
from orchestrion.events import PlanFinished, TaskPlanned, TaskRevoked
from orchestrion.plans import Plan, Task
from orchestrion.runs import Artifact
from orchestrion.values import ArtifactRef, OutputRef
from orchestrion_controller.planner.plugin import PluginPlanner
from orchestrion_controller.plugins import PlanItem, PlanningRequest, Usage

PICTURE = Artifact(f"artifacts/{'a' * 64}", "image/png", "garden.png", 4)
REQUEST = PlanningRequest((), (PICTURE,), task_types.load())
READ = Task("read", "image-to-text", {"image": ArtifactRef("attachments/1")})
READ_CHECKED = Task("read", "image-to-text", {"image": ArtifactRef(PICTURE.name)})
SPEAK = Task("speak", "text-to-speech", {"text": OutputRef("read", "text")})


class Scripted:
    """Yields what it is made with; an exception among it is raised."""

    name = "scripted"

    def __init__(self, *items: PlanItem | Exception) -> None:
        self._items = items

    async def plan(self, request: PlanningRequest) -> AsyncGenerator[PlanItem, None]:
        for item in self._items:
            if isinstance(item, Exception):
                raise item
            yield item


async def items_of(*items: PlanItem | Exception) -> list[PlanItem]:
    return [item async for item in PluginPlanner("ours", Scripted(*items)).plan(REQUEST)]


async def test_the_whole_plan_at_once_is_enough() -> None:
    assert await items_of(PlanFinished(Plan((READ, SPEAK)), 0.5, ("Perhaps.",))) == [
        TaskPlanned(READ_CHECKED),
        TaskPlanned(SPEAK),
        PlanFinished(Plan((READ_CHECKED, SPEAK)), 0.5, ("Perhaps.",)),
    ]


async def test_tasks_go_out_as_they_come_and_once() -> None:
    usage = Usage(1, 2, 3)
    assert await items_of(TaskPlanned(READ), usage, TaskPlanned(SPEAK), PlanFinished(Plan((READ, SPEAK)))) == [
        TaskPlanned(READ_CHECKED),
        usage,
        TaskPlanned(SPEAK),
        PlanFinished(Plan((READ_CHECKED, SPEAK))),
    ]


async def test_what_the_whole_plan_has_no_more_is_revoked() -> None:
    other = Task("speak", "text-to-speech", {"text": "Hello."})
    assert await items_of(TaskPlanned(READ), TaskPlanned(SPEAK), PlanFinished(Plan((other,)))) == [
        TaskPlanned(READ_CHECKED),
        TaskPlanned(SPEAK),
        TaskRevoked("read"),
        TaskRevoked("speak"),
        TaskPlanned(other),
        PlanFinished(Plan((other,))),
    ]


async def test_a_task_that_was_revoked_can_be_planned_anew() -> None:
    items = await items_of(TaskPlanned(READ), TaskRevoked("read"), TaskPlanned(READ), PlanFinished(Plan((READ,))))
    assert items[-1] == PlanFinished(Plan((READ_CHECKED,)))


async def test_a_task_that_breaks_a_rule_ends_the_plan() -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        await items_of(TaskPlanned(Task("sing", "singing", {})), PlanFinished(Plan(())))
    assert caught.value.reason == "UNKNOWN_TASK_TYPE"


async def test_a_plan_without_tasks_says_why() -> None:
    assert await items_of(PlanFinished(Plan((), "Nothing to do."))) == [PlanFinished(Plan((), "Nothing to do."))]
    with pytest.raises(InvalidArgumentError):
        await items_of(PlanFinished(Plan(())))


async def test_a_refusal_goes_through_and_a_fault_is_named() -> None:
    refusal = Reason.REQUEST_BEYOND_PLANNER.error("Not this.")
    with pytest.raises(type(refusal), match="Not this"):
        await items_of(refusal)
    with pytest.raises(InternalError, match="The planner 'ours' failed"):
        await items_of(ZeroDivisionError("a bug"))
