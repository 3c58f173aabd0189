"""What no expert here does is named with the command that brings one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrion import task_types
from orchestrion.events import PlanFinished
from orchestrion.experts import AbsentExpert
from orchestrion.plans import TaskType
from orchestrion.refusals import NotDone
from orchestrion.runs import Message
from orchestrion_controller.cures import Cures
from orchestrion_controller.planner.llm.absent import absent
from orchestrion_controller.stages import PlanningRequest
from tests.llm_server import LLMServer
from tests.unit.controller.planner.llm_plans import SIGN, planned

TYPES = task_types.load()
CAPTIONER = AbsentExpert("blip", ("image-to-text",), domain="caption", command="orchestrion models pull blip")
TRANSLATOR = AbsentExpert("opus", ("translation",), command="orchestrion models pull opus", download_bytes=300_000_000)


def request(text: str, *experts: AbsentExpert) -> PlanningRequest:
    """Where texts are read from pictures, and spoken, and nothing else is done."""
    reader = TYPES["image-to-text"]
    reading = replace(reader, inputs=tuple(item for item in reader.inputs if item.name != "domain"))
    offered: dict[str, TaskType] = {reader.name: reading, "text-to-speech": TYPES["text-to-speech"]}
    own = {name: TYPES[name] for name in offered}
    message = Message(text, artifacts=(SIGN.name,))
    return PlanningRequest((message,), (SIGN,), own, (), offered, False, TYPES, Cures(experts))


def test_what_people_can_get_is_offered_by_how_much_it_is_like_the_request() -> None:
    picture = request("Describe this picture.", TRANSLATOR, CAPTIONER)
    assert [item.name for item in absent(picture, "Describe this picture.")] == ["image-to-text domain=caption"]
    assert [item.name for item in absent(picture, "translate it")] == ["translation"]
    # What nobody can get is not held out to them.
    assert absent(request("Describe this picture."), "Describe this picture.") == ()


@pytest.mark.parametrize("text", ["How many dogs do you see?", "Wie viele Autos sind da?", "数一数图里有几辆车"])
def test_what_is_left_of_a_task_type_beside_its_choices_may_be_absent_too(text: str) -> None:
    """Where faces alone are found, other things would be found by an expert for general use; in whatever language."""
    detection = TYPES["object-detection"]
    faces = tuple(replace(item, optional=False) if item.name == "domain" else item for item in detection.inputs)
    offered = {detection.name: replace(detection, inputs=faces)}
    detector = AbsentExpert("detr", ("object-detection",), command="orchestrion models pull detr")
    message = Message(text, artifacts=(SIGN.name,))
    counting = PlanningRequest(
        (message,), (SIGN,), {detection.name: detection}, (), offered, False, TYPES, Cures((TRANSLATOR, detector))
    )
    assert [item.name for item in absent(counting, text)][:1] == ["object-detection"]


async def test_a_part_that_an_expert_would_do_names_the_command_in_the_askers_language() -> None:
    reply = (
        '{"tasks":[{"id":"read","type":"image-to-text","inputs":{"image":"$1"}}],'
        '"not_done":[{"words":"übersetze es","why":"niemand übersetzt","type":"translation"}]}'
    )
    text = "Lies das bitte vor und übersetze es."
    async with LLMServer([reply]) as server:
        end = (await planned(server, request(text, TRANSLATOR, CAPTIONER)))[-1]
        body = server.calls[0].body
    assert isinstance(end, PlanFinished)
    (part,) = end.not_done
    assert (part.words, part.command, part.download_bytes) == ("übersetze es", TRANSLATOR.command, 300_000_000)
    assert part.reason.startswith("Verstanden: einen Text übersetzen (translation)")
    assert '"type":"translation"' in body["messages"][0]["content"]
    schema = body["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["not_done"]["items"]["properties"]["type"]["enum"][0] == "translation"


async def test_a_name_that_was_not_offered_is_no_promise() -> None:
    reply = '{"tasks":[],"not_done":[{"words":"book a table","why":"nothing here books","type":"booking"}]}'
    async with LLMServer([reply]) as server:
        end = (await planned(server, request("book a table", TRANSLATOR)))[-1]
    assert isinstance(end, PlanFinished)
    assert end.not_done == (NotDone("book a table", "Nothing here books."),)
