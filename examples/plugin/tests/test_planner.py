"""The planner alone: what it plans, and what it refuses."""

from __future__ import annotations

import pytest

from orchestrion.errors import FailedPreconditionError
from orchestrion.events import PlanFinished
from orchestrion.plans import Task
from orchestrion.runs import Artifact, Message
from orchestrion.values import ArtifactRef
from orchestrion_color_palette.planner import ColorPlanner
from orchestrion_controller.plugins import PlanningRequest

PICTURE = Artifact("artifacts/1", media_type="image/png", file_name="garden.png", size_bytes=1)
TEXT = Artifact("artifacts/2", media_type="text/plain", file_name="notes.txt", size_bytes=1)


async def tasks_for(text: str, *attachments: Artifact) -> tuple[Task, ...]:
    """Returns the tasks of the plan for a request."""
    items = [item async for item in ColorPlanner().plan(PlanningRequest((Message(text),), attachments))]
    last = items[-1]
    assert isinstance(last, PlanFinished)
    return last.plan.tasks


async def test_each_picture_gets_a_task_and_other_files_none() -> None:
    tasks = await tasks_for("Which colors do these have?", PICTURE, TEXT, PICTURE)
    assert [task.inputs for task in tasks] == [
        {"image": ArtifactRef("attachments/1")},
        {"image": ArtifactRef("attachments/3")},
    ]


async def test_a_number_of_colors_is_an_input() -> None:
    (task,) = await tasks_for("Name the 3 main colours.", PICTURE)
    assert task.inputs["count"] == 3.0


@pytest.mark.parametrize(("text", "attachments"), [("Read this aloud.", (PICTURE,)), ("Which colors?", (TEXT,))])
async def test_anything_else_is_refused_with_a_reason(text: str, attachments: tuple[Artifact, ...]) -> None:
    with pytest.raises(FailedPreconditionError) as refused:
        await tasks_for(text, *attachments)
    assert refused.value.reason == "REQUEST_BEYOND_PLANNER"
