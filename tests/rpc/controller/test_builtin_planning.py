"""The built-in planner over gRPC: any caller's tools, files that the request names, and how sure the planner is."""

from __future__ import annotations

from array import array
from pathlib import Path

import pytest

from orchestrion import AsyncClient
from orchestrion._content.media import png_of_array, wav_of_sound
from orchestrion.content import Sound
from orchestrion.errors import FailedPreconditionError
from orchestrion.events import PlanFinished, StageStarted
from orchestrion.values import ArtifactRef, OutputRef
from tests.rpc.controller.plans import collect, payloads
from tests.unit.controller.planner.reading.libraries import TOOLS


async def test_a_callers_own_tools_are_planned_with_a_confidence(client: AsyncClient, tmp_path: Path) -> None:
    picture = tmp_path / "garden.png"
    picture.write_bytes(png_of_array(memoryview(bytes(4)).cast("B", (2, 2)), "a picture"))
    request = (
        "I took a photo, garden.png. Could you tell me what the animal in it is doing, and read the answer out to me?"
    )
    events = await collect(client.plan(request, files=[picture], task_types=TOOLS, planner="builtin"))

    (started,) = payloads(events, StageStarted)
    assert started.performer == "builtin"
    (finished,) = payloads(events, PlanFinished)
    ask, speak = finished.plan.tasks
    assert (ask.type, speak.type) == ("picture-questions", "text-to-audio")
    assert isinstance(ask.inputs["image"], ArtifactRef)
    assert ask.inputs["question"] == "Could you tell me what the animal in it is doing, and read the answer out to me?"
    assert speak.inputs == {"text": OutputRef(ask.id, "result")}
    assert finished.confidence is not None
    assert 0 < finished.confidence <= 1


async def test_what_the_planner_doubts_it_says(client: AsyncClient, tmp_path: Path) -> None:
    talk = tmp_path / "talk.wav"
    talk.write_bytes(wav_of_sound(Sound(array("h", bytes(1600)), 8000), "a sound"))
    events = await collect(
        client.plan(
            "talk.wav is hard to understand, and my English is bad", files=[talk], task_types=TOOLS, planner="builtin"
        )
    )

    (finished,) = payloads(events, PlanFinished)
    assert finished.confidence is not None
    assert finished.confidence < 0.5
    (task,) = finished.plan.tasks
    assert any(f"`{task.type}` may not be wanted" in doubt for doubt in finished.doubts)


async def test_what_none_of_the_tools_can_do_is_refused(client: AsyncClient) -> None:
    with pytest.raises(FailedPreconditionError) as caught:
        await collect(client.plan("Book me a table for two at eight.", task_types=TOOLS, planner="builtin"))
    assert caught.value.reason == "REQUEST_BEYOND_PLANNER"
