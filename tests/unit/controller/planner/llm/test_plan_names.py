"""What a plan may call by name: files, what earlier turns left, and long texts of the request."""

from __future__ import annotations

import pytest

from orchestrion.plans import Plan, Task, TaskResult, TaskState
from orchestrion.runs import Artifact, Message, Role
from orchestrion.values import ArtifactRef
from orchestrion_controller.planner.llm.notation import PlanNames
from orchestrion_controller.stages import PastTurn, PlanningRequest
from tests.unit.controller.planner.llm.replies import BELL, SIGN, STATION

ARTICLE = "The committee on bridges met on Monday. " * 15
PARAGRAPHS = f"Bridges\n\n{ARTICLE}\n\nA short one.\n\n{ARTICLE.replace('Monday', 'Friday')}"


def request(*texts: str, history: tuple[PastTurn, ...] = (), attachments: tuple[Artifact, ...] = ()) -> PlanningRequest:
    return PlanningRequest(tuple(Message(text) for text in texts), attachments, history=history)


def turn(artifact: Artifact, text: str, state: TaskState = TaskState.SUCCEEDED) -> PastTurn:
    plan = Plan((Task("read", "image-to-text", {"image": ArtifactRef(artifact.name)}),))
    result = TaskResult("read", state, {"text": text, "lines": ()})
    return PastTurn((Message("read this"),), plan, {"read": result}, "", {artifact.name: artifact})


def test_files_and_texts_of_earlier_turns_share_their_numbers_and_each_has_one_name() -> None:
    history = (
        turn(SIGN, "No entry"),
        turn(SIGN, "No entry"),
        turn(BELL, "Ring twice"),
        turn(BELL, "x", TaskState.FAILED),
    )
    names = PlanNames.of(request("again", history=history, attachments=(STATION,)))
    assert names.earlier_artifacts == {"earlier.1": SIGN, "earlier.3": BELL}
    assert names.earlier_texts == {"earlier.2": "No entry", "earlier.4": "Ring twice"}
    assert names.name_of_artifact(STATION.name) == "$1"
    assert names.name_of_artifact(BELL.name) == "$earlier.3"
    assert names.name_of_artifact("artifacts/x") == "artifacts/x"
    assert names.name_of_text("Ring twice") == "$earlier.4"
    assert names.name_of_text("Ring") == ""
    assert list(names.artifacts) == ["1", "earlier.1", "earlier.3"]


@pytest.mark.parametrize(
    ("message", "pasted"),
    [
        (f"Sum this up:\n\n{PARAGRAPHS}", PARAGRAPHS.strip()),
        (f"Sum this up in two sentences: {ARTICLE}", ARTICLE.strip()),
        (f"总结一下：{ARTICLE}", ARTICLE.strip()),
        (f"Sum up “{ARTICLE}” and say it.", ARTICLE),
        (f'Say "{ARTICLE}"', ARTICLE),
        (f"{ARTICLE}\n\nSay that.", ARTICLE.strip()),
        (f"Say that.\n\n{ARTICLE}\n\nBy a low voice, please.", ARTICLE.strip()),
    ],
)
def test_a_long_text_of_the_request_has_a_name_and_the_rest_of_the_message_stays(message: str, pasted: str) -> None:
    names = PlanNames.of(request(message))
    assert names.pasted == {"request.1": pasted}
    shown = names.shown(message)
    assert len(shown) < 200
    assert f"[$request.1: {len(pasted):,} characters, “" in shown
    # What the person says about it is still there, word for word.
    for word in message.replace(pasted, " ").split():
        assert word in shown


@pytest.mark.parametrize(
    "message",
    [
        "Read the sign.",
        # All of the message: this is the request itself.
        "Please take the first picture and sharpen it, then blur the second one, and " * 8,
        ARTICLE,
        f"“{ARTICLE}”",
    ],
)
def test_a_request_that_is_long_itself_is_no_pasted_text(message: str) -> None:
    names = PlanNames.of(request(message))
    assert names.pasted == {}
    assert names.shown(message) == message


def test_each_pasted_text_has_one_name_whoever_says_it_again() -> None:
    said = f"Sum this up: {ARTICLE}"
    other = f"And this: {ARTICLE.upper()}"
    messages = (
        Message(said),
        Message(f"You mean: {ARTICLE.lower()}", role=Role.ASSISTANT),
        Message(other),
        Message(said),
    )
    names = PlanNames.of(PlanningRequest(messages))
    assert names.pasted == {"request.1": ARTICLE.strip(), "request.2": ARTICLE.upper().strip()}
