"""What a request can work on of what earlier turns left."""

from __future__ import annotations

from orchestrion import task_types
from orchestrion.plans import ParameterKind, Plan, Task, TaskResult, TaskState
from orchestrion.runs import Artifact, Message
from orchestrion.values import ArtifactRef, OutputRef
from orchestrion_controller.planner.surroundings import Surroundings
from orchestrion_controller.stages import PastTurn, PlanningRequest

TYPES = task_types.load()
SIGN = Artifact("artifacts/" + "a" * 64, "image/png", "sign.png", 10)
SPEECH = Artifact("artifacts/" + "b" * 64, "audio/wav", "speech.wav", 10)


def turn(*tasks: Task, **results: object) -> PastTurn:
    outcome = {
        task_id: TaskResult(
            task_id, TaskState.SUCCEEDED, {"audio" if isinstance(value, ArtifactRef) else "text": value}
        )
        for task_id, value in results.items()
        if isinstance(value, ArtifactRef | str)
    }
    return PastTurn((Message("…"),), Plan(tasks), outcome, "", {SIGN.name: SIGN, SPEECH.name: SPEECH})


def left(kind: ParameterKind, before: PastTurn) -> list[object]:
    around = Surroundings(PlanningRequest((Message("is it positive?"),), (), TYPES, (before,)))
    return [feed.value for feed in around.earlier(lambda feed: feed.fits(kind))]


def test_what_was_spoken_is_the_text_that_it_was() -> None:
    """Nobody has to listen to it, and to mishear it."""
    spoken = turn(Task("say", "text-to-speech", {"text": "Good morning"}), say=ArtifactRef(SPEECH.name))
    assert left(ParameterKind.TEXT, spoken) == ["Good morning"]
    assert left(ParameterKind.AUDIO, spoken) == [ArtifactRef(SPEECH.name)]


def test_what_was_read_and_spoken_is_the_text_that_was_read() -> None:
    spoken = turn(
        Task("read", "image-to-text", {"image": ArtifactRef(SIGN.name)}),
        Task("say", "text-to-speech", {"text": OutputRef("read", "text")}),
        read="No entry",
        say=ArtifactRef(SPEECH.name),
    )
    assert left(ParameterKind.TEXT, spoken) == ["No entry"]


def test_what_was_changed_is_not_what_it_was() -> None:
    """The summary is meant, not the text that was summed up."""
    short = turn(Task("short", "summarization", {"text": "A long text. Of two sentences."}), short="A long text.")
    assert left(ParameterKind.TEXT, short) == ["A long text."]
