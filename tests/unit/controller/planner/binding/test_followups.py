"""What follows a turn, as a perfect reader would give it: on what the turn left, or the turn once more."""

from __future__ import annotations

from orchestrion.plans import Plan, Task, TaskResult, TaskState
from orchestrion.runs import Artifact, Message
from orchestrion.values import ArtifactRef, OutputRef, Value
from orchestrion_controller.planner.builtin.binding import followups
from orchestrion_controller.stages import PastTurn
from tests.unit.controller.planner.marked_readings import Case, attached, read_as, written

SIGNS = attached(["left.png", "right.png"])
SPEECH = Artifact("artifacts/" + "a" * 64, "audio/wav", "speech.wav", 1)
READ = Task("read", "image-to-text", {"image": ArtifactRef(SIGNS[0].name)})
SPEAK = Task("speak", "text-to-speech", {"text": OutputRef("read", "text"), "speed": 0.75})
GREY = Task("grey", "image-to-image", {"image": ArtifactRef(SIGNS[0].name), "operation": "greyscale"})
PRAISE = Task("praise", "text-classification", {"text": "I love it", "domain": "sentiment"})


def turn(*tasks: Task, files: tuple[Artifact, ...] = SIGNS[:1], **results: Value) -> tuple[PastTurn, ...]:
    """A turn with the principal outputs of its tasks by their ids."""
    outputs = {"read": "text", "speak": "audio", "grey": "image", "praise": "label"}
    results_by_id = {
        name: TaskResult(name, TaskState.SUCCEEDED, {outputs[name]: value}) for name, value in results.items()
    }
    artifacts = {item.name: item for item in (*files, SPEECH)}
    message = Message("…", artifacts=tuple(item.name for item in files))
    return (PastTurn((message,), Plan(tasks), results_by_id, "", artifacts),)


SIGN_SPOKEN = turn(READ, SPEAK, read="No entry", speak=ArtifactRef(SPEECH.name))


def again(case: Case) -> list[str]:
    return [written(task, SIGNS) for task in followups.again(case.around, case.reading, case.maker)]


def test_it_is_the_latest_result_of_the_kind() -> None:
    case = read_as(
        "{1 which language is} {f1 it}?",
        "text-classification text=f1 domain=language",
        files=["a.txt"],
        history=SIGN_SPOKEN,
    )
    assert case.plan() == ["text-classification text='No entry' domain='language'"]


def test_a_picture_of_the_turn_is_worked_on_where_nothing_made_one() -> None:
    case = read_as(
        "{1 blur} {f1 the picture}", "image-to-image image=f1 operation=blur", files=["a.png"], history=SIGN_SPOKEN
    )
    assert case.plan() == ["image-to-image f1 operation='blur'"]


def test_what_says_only_how_is_done_so_with_the_other_options_as_they_were() -> None:
    case = read_as(
        "and {1.pitch in a deeper voice}", "text-to-speech text=f1 pitch=-", files=["a.txt"], history=SIGN_SPOKEN
    )
    assert again(case) == ["text-to-speech text='No entry' speed=0.75 pitch=0.75"]


def test_options_of_something_else_are_no_repetition() -> None:
    case = read_as(
        "{1.scale twice as big}",
        "image-to-image image=f1 operation=upscale scale=2",
        files=["a.png"],
        history=turn(GREY),
    )
    assert again(case) == []


def test_the_same_on_another_file_of_the_turn() -> None:
    case = read_as(
        "{again and} {f2 the second}?",
        "again",
        files=["left.png", "right.png"],
        history=turn(READ, files=SIGNS, read="One way"),
    )
    assert again(case) == ["image-to-text f2"]


def test_the_same_on_another_text() -> None:
    case = read_as("{again what about} 'I hate it'?", "again", history=turn(PRAISE, files=(), praise="positive"))
    assert again(case) == ["text-classification text='I hate it' domain='sentiment'"]


def test_a_text_takes_the_place_of_one_that_was_read() -> None:
    case = read_as("{again say} 'Mind the step' {again too}", "again", history=SIGN_SPOKEN)
    assert again(case) == ["text-to-speech text='Mind the step' speed=0.75"]


def test_once_more_with_nothing_else_is_all_of_it() -> None:
    case = read_as("{again again}", "again", history=SIGN_SPOKEN)
    assert again(case) == ["image-to-text f1", "text-to-speech <image-to-text-1> speed=0.75"]


def test_what_cannot_be_done_is_no_repetition() -> None:
    case = read_as("{again again}, {? and send it to Tom}", "again", history=SIGN_SPOKEN)
    assert again(case) == []


def test_a_label_is_not_what_is_sorted_next_but_may_be_spoken() -> None:
    before = turn(PRAISE, files=(), praise="positive")
    case = read_as(
        "{1 which language is} {f1 it}?",
        "text-classification text=f1 domain=language",
        files=["a.txt"],
        history=before,
    )
    assert case.plan() == ["text-classification text='I love it' domain='language'"]
    case = read_as("{1 say} {f1 that}", "text-to-speech text=f1", files=["a.txt"], history=before)
    assert case.plan() == ["text-to-speech text='positive'"]
