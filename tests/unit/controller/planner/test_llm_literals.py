"""Texts that a language model copied almost, but not quite."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrion.events import PlanFinished, PlanRejected, TaskPlanned
from orchestrion.plans import Plan, Task
from orchestrion.runs import Message
from orchestrion.values import OutputRef
from orchestrion_controller.planner.llm.literals import LiteralCheck, quotations
from orchestrion_controller.stages import PlanningRequest
from tests.llm_server import LLMServer
from tests.unit.controller.planner.llm_plans import SIGN, TYPES, output, plan, planned, read, speak


def spoken(text: str) -> Task:
    return Task("speak", "text-to-speech", {"text": text})


@pytest.mark.parametrize(
    ("request_text", "expected"),
    [
        ('Say "Good mroning, Anna!" twice', ["Good mroning, Anna!"]),
        ("Say 'don't panic, it's fine' now", ["don't panic, it's fine"]),
        ("Don't read Anna's letter", []),
        ("Sag „Der Zug kommt“ und «c'est ça»", ["Der Zug kommt", "c'est ça"]),
        ("“one” and “two”", ["one", "two"]),
        ("「こんにちは」を読んで", ["こんにちは"]),
        ("how similar is it to this sentence: The shop is shut.", ["The shop is shut."]),
        ("at 10:30 it rains", []),
    ],
)
def test_what_a_request_marks_as_text(request_text: str, expected: list[str]) -> None:
    assert list(quotations(request_text)) == expected


@pytest.mark.parametrize(
    "altered",
    [
        "Good morning, Anna, the train leaves at 9",  # corrected
        "Good mroning, Anna, the train leaves at nine",  # rewritten
        "good mroning, anna, the train leaves at 9",  # lower case
        "Say: Good mroning, Anna, the train leaves at 9",  # adorned
        "Good mroning, Anna, train leaves at 9",  # shortened
    ],
)
def test_a_text_that_differs_a_little_is_questioned(altered: str) -> None:
    check = LiteralCheck(['Say "Good mroning, Anna, the train leaves at 9" in a low voice.'])
    question = check.question(spoken(altered), TYPES["text-to-speech"], 2)
    assert question is not None
    assert question.reason == "PLAN_INVALID"
    assert question.field == "plan.tasks[2].inputs.text"
    assert "Good mroning, Anna, the train leaves at 9" in question.message


@pytest.mark.parametrize(
    "fine",
    [
        "Good mroning, Anna, the train leaves at 9",
        "the train leaves at 9",  # a part of it
        "in a low voice",  # other words of the request
        "Guten Morgen, Anna",  # something else altogether
        "An earlier answer, word for word.",
        "en-GB",
    ],
)
def test_other_texts_are_left_alone(fine: str) -> None:
    check = LiteralCheck(
        ['Say "Good mroning, Anna, the train leaves at 9" in a low voice.'],
        {"earlier.1": "An earlier answer, word for word."},
    )
    assert check.question(spoken(fine), TYPES["text-to-speech"], 0) is None


@pytest.mark.parametrize("copied", ["The committee met and …", "The committee\nmet and spoke..."])
def test_a_note_that_is_copied_in_place_of_its_text_is_questioned(copied: str) -> None:
    """A long text stands in the prompt by its name and its beginning."""
    minutes = "The committee met and spoke of the pier. " * 20
    check = LiteralCheck([f"Sum up: {minutes}"], {"request.1": minutes})
    question = check.question(spoken(copied), TYPES["text-to-speech"], 0)
    assert question is not None
    assert 'give "$request.1" for all of it' in question.message
    assert check.question(spoken("And then we went …"), TYPES["text-to-speech"], 0) is None


REQUEST = PlanningRequest((Message('Say "Good mroning, Anna" slowly.'),), (), TYPES)
EXACT, CORRECTED = plan(speak("Good mroning, Anna")), plan(speak("Good morning, Anna"))


async def test_a_model_that_corrected_the_person_is_asked_once_and_heeds_it() -> None:
    async with LLMServer([CORRECTED, EXACT]) as server:
        items = await planned(server, REQUEST)
        follow_up = server.calls[1].body["messages"][-1]["content"]
    # Nothing was spoken that the person did not write.
    assert [item for item in items if isinstance(item, TaskPlanned)] == [TaskPlanned(spoken("Good mroning, Anna"))]
    assert [item.error.metadata["field"] for item in items if isinstance(item, PlanRejected)] == [
        "plan.tasks[0].inputs.text"
    ]
    assert "copy it letter by letter" in follow_up


async def test_a_model_that_insists_is_believed_and_nothing_is_rewritten() -> None:
    async with LLMServer([CORRECTED, CORRECTED]) as server:
        items = await planned(server, REQUEST)
    assert items[-1] == PlanFinished(Plan((spoken("Good morning, Anna"),)))
    assert len(server.calls) == 2


def translate(text: Any, language: str = "de") -> dict[str, Any]:
    return {"id": "translate", "type": "translation", "inputs": {"text": text, "language": language}}


def speak_in(text: Any, language: str = "de") -> dict[str, Any]:
    return {"id": "speak", "type": "text-to-speech", "inputs": {"text": text, "language": language}}


SIGN_TEXT = output("read")


@pytest.mark.parametrize("original", ["Where is the station?", SIGN_TEXT], ids=["a text", "an output"])
async def test_a_task_that_is_fed_the_original_of_a_translation_is_questioned(original: str) -> None:
    reading = [read()] if original is SIGN_TEXT else []
    wrong = plan(*reading, translate(original), speak_in(original))
    right = plan(*reading, translate(original), speak_in(output("translate")))
    async with LLMServer([wrong, right]) as server:
        items = await planned(server, TRANSLATING)
        follow_up = server.calls[1].body["messages"][-1]["content"]
    (rejected,) = (item.error for item in items if isinstance(item, PlanRejected))
    assert rejected.metadata["task_id"] == "speak"
    assert "refer to its output `text`" in follow_up
    finished = items[-1]
    assert isinstance(finished, PlanFinished)
    spoken_task = finished.plan.task("speak")
    assert spoken_task is not None
    assert spoken_task.inputs["text"] == OutputRef("translate", "text")
    # The translation had begun, and was not begun again.
    assert [item.task.id for item in items if isinstance(item, TaskPlanned)].count("translate") == 1


TRANSLATING = PlanningRequest(
    (Message("Translate it into German and say that. “Where is the station?”", artifacts=(SIGN.name,)),), (SIGN,), TYPES
)


async def test_one_text_for_two_ends_is_fine() -> None:
    """Both languages of a text may be wanted, and a translation beside the original."""
    text = "Where is the station?"
    for other in (speak_in(text, "en"), speak(text)):
        async with LLMServer([plan(translate(text), other)]) as server:
            items = await planned(server, TRANSLATING)
        assert not [item for item in items if isinstance(item, PlanRejected)]
