"""The judge itself: it lets a served person pass, and says what is wrong for one who was not."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from orchestrion.answers import Answer
from orchestrion.errors import Reason
from orchestrion.plans import Plan, Task, TaskResult, TaskState
from orchestrion.values import ArtifactRef, Json, OutputRef, Value
from tests.media.library import Library
from tests.system.free_wording.cases import Case, Turn
from tests.system.free_wording.judging import faults
from tests.system.free_wording.outcome import Outcome

READ_AND_SPEAK = Plan(
    (
        Task("read", "image-to-text", {"image": ArtifactRef("artifacts/sign")}),
        Task("speak", "text-to-speech", {"text": OutputRef("read", "text"), "speed": 0.5}),
    )
)
RESULTS = (
    TaskResult("read", TaskState.SUCCEEDED, {"text": "Mind the\nGap.", "lines": Json([1, 2])}),
    TaskResult("speak", TaskState.SUCCEEDED, {"audio": ArtifactRef("artifacts/speech")}),
)
SERVED = Answer("runs/1", "It reads: “Mind the Gap.”", ("artifacts/speech",), READ_AND_SPEAK, RESULTS)
CASE = Case(
    "test",
    Turn("Read it to me slowly"),
    tasks=frozenset({"image-to-text", "text-to-speech"}),
    inputs={"text-to-speech.text": {"same_as": "image-to-text.text", "contains": "mind the gap"}},
    outputs={"image-to-text.lines": {"length": 2}},
    answer=("mind the gap",),
)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return Library(tmp_path_factory.mktemp("media"))


def judged(case: Case, answer: Answer | None, files: Mapping[str, bytes], library: Library) -> list[str]:
    def fetch(name: str) -> tuple[str, bytes]:
        return ("image/png" if files[name].startswith(b"\x89PNG") else "audio/wav"), files[name]

    return faults(case, Outcome(answer), fetch, library.path)


def test_a_person_who_was_served_passes(library: Library) -> None:
    assert judged(CASE, SERVED, {}, library) == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (replace(SERVED, text="Done."), "the answer says nothing like"),
        (replace(SERVED, results=RESULTS[:1]), "speak failed"),
        (replace(SERVED, plan=Plan(READ_AND_SPEAK.tasks[:1])), "no text-to-speech"),
        (
            replace(
                SERVED,
                plan=Plan((*READ_AND_SPEAK.tasks, Task("faces", "object-detection"))),
                results=(*RESULTS, TaskResult("faces", TaskState.SUCCEEDED)),
            ),
            "unasked object-detection",
        ),
        (
            replace(SERVED, plan=Plan((READ_AND_SPEAK.tasks[0], Task("speak", "text-to-speech", {"text": "it"})))),
            "text-to-speech.text is 'it'",
        ),
    ],
    ids=["words", "failed", "missing", "unasked", "other text"],
)
def test_what_is_wrong_is_said(answer: Answer, said: str, library: Library) -> None:
    assert said in " ".join(judged(CASE, answer, {}, library))


@pytest.mark.parametrize(
    ("expected", "value", "right"),
    [
        (0.5, 0.5, True),
        ({"below": 1}, 0.5, True),
        ({"below": 0.5}, 0.5, False),
        ({"unchanged": 1}, 0.5, False),
        ([0.5, 0.5], 0.5, False),
        ([1, 2], (1.0, 2.0), True),
        ([1, 2], (2.0, 1.0), False),
    ],
)
def test_numbers(expected: object, value: Value, right: bool, library: Library) -> None:
    tasks = (Task("speak", "text-to-speech", {"text": "a", "speed": value}),)
    case = Case("test", Turn("a"), tasks=frozenset({"text-to-speech"}), inputs={"text-to-speech.speed": expected})
    answer = Answer("runs/1", "", (), Plan(tasks), RESULTS[1:])
    assert (judged(case, answer, {}, library) == []) is right


@pytest.mark.parametrize(("scale", "colour", "right"), [(2, "L", True), (2, "RGB", False), (3, "L", False)])
def test_pictures_are_measured_against_their_source(scale: int, colour: str, right: bool, library: Library) -> None:
    file = io.BytesIO()
    with Image.open(library.path("cat.jpg")) as cat:
        cat.resize((cat.width * scale, cat.height * scale)).convert(colour).save(file, "PNG")
    case = Case(
        "test", Turn("a"), gives=({"kind": "image", "of": "cat.jpg", "width": 2, "colourfulness": {"below": 0.02}},)
    )
    answer = Answer("runs/1", "", ("artifacts/cat",), Plan(), ())
    assert (judged(case, answer, {"artifacts/cat": file.getvalue()}, library) == []) is right


def test_what_is_beyond_must_be_refused_before_anything_is_planned(library: Library) -> None:
    case = Case("test", Turn("a"), beyond=True)
    refusal = Reason.REQUEST_BEYOND_PLANNER.error("No.")
    assert faults(case, Outcome(None, refusal), _nothing, library.path) == []
    assert faults(case, Outcome(None, refusal, ("image-to-text",)), _nothing, library.path) != []
    assert faults(case, Outcome(None, Reason.INTERNAL.error("No.")), _nothing, library.path) != []
    assert faults(case, Outcome(SERVED), _nothing, library.path) != []


def _nothing(name: str) -> tuple[str, bytes]:
    raise AssertionError(name)


def test_every_file_that_a_request_names_exists(library: Library) -> None:
    from tests.system.free_wording import cases

    turns = [turn for case in cases.load() for turn in (case.turn, case.after) if turn]
    missing = {name for turn in turns for name in turn.files if not Path(library.path(name)).is_file()}
    assert missing == set()
