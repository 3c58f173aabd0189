"""Refusals: why, the command, the nearest request, in the asker's language and in six lines."""

from __future__ import annotations

import pytest

from orchestrion import task_types
from orchestrion.plans import Parameter, ParameterKind
from orchestrion.refusals import NotDone, Question, QuestionChoice
from orchestrion_controller import refusals
from orchestrion_controller.cures import Cure

TYPES = task_types.load()
GLASSES = refusals.nothing_does("wearing glasses", "en", "count the faces in group.jpg")


def test_a_part_that_nobody_does_is_named_with_the_nearest_request() -> None:
    assert refusals.lines([GLASSES], [], "en") == [
        "I cannot do this: `wearing glasses`. Nothing here does that.",
        "Try: `count the faces in group.jpg`",
    ]


def test_a_task_type_without_an_expert_takes_two_lines() -> None:
    """Given a question about a picture and no expert for it: what was understood, and the command with its size."""
    cure = Cure("orchestrion models pull blip-vqa-base", 1_540_000_000)
    part = refusals.no_expert("what colour is the car", TYPES["visual-question-answering"], cure, "en")
    assert refusals.lines([part], [], "en") == [
        "Understood: answer a question about a picture (visual-question-answering); no expert for it runs here.",
        "Get it: `orchestrion models pull blip-vqa-base` (1.5 GB)",
    ]


def test_the_choice_of_a_task_type_is_named_too() -> None:
    part = refusals.no_expert(
        "describe it", TYPES["image-to-text"], Cure("orchestrion up"), "de", choices={"domain": "caption"}
    )
    assert part.reason == (
        "Verstanden: ein Bild beschreiben (image-to-text domain=caption); dafür läuft hier kein Experte."
    )
    assert refusals.lines([part], [], "de")[1] == "Abhilfe: `orchestrion up`"


def test_parts_with_one_reason_share_a_line() -> None:
    parts = [refusals.nothing_does(words, "en") for words in ("email it", "print it")]
    assert refusals.lines(parts, [], "en") == ["I cannot do this: `email it`, `print it`. Nothing here does that."]


@pytest.mark.parametrize("language", ["zh", "de", "fr", "es", "ja"])
def test_other_languages_have_their_own_words(language: str) -> None:
    part = refusals.nothing_does("xyz", language, "abc")
    why, nearest = refusals.lines([part], [], language)
    assert "`xyz`" in why
    assert "`abc`" in nearest
    assert "cannot" not in why
    assert "Try" not in nearest


def test_the_error_has_at_most_six_lines_and_everything_in_its_attributes() -> None:
    """Given nine different reasons, the message counts what it leaves out; the attributes have all of it."""
    parts = [NotDone(f"words {number}", f"Reason {number}.") for number in range(9)]
    error = refusals.refusal(parts, [], "en", planner="builtin")
    assert error.reason == "REQUEST_BEYOND_PLANNER"
    assert error.message.splitlines()[4:] == ["I cannot do this: `words 4`. Reason 4.", "… and 4 more."]
    assert error.metadata["words"].startswith("words 0; words 1; ")
    assert error.metadata["planner"] == "builtin"
    assert error.not_done == tuple(parts)


@pytest.mark.parametrize(
    ("language", "count", "reason"),
    [
        ("en", 1, "It needs a picture: attach one."),
        ("en", 2, "It needs 2 pictures; attached: 1."),
        ("de", 2, "Dazu braucht es 2 Bilder; angehängt: 1."),
        ("fr", 1, "Il faut une image en pièce jointe."),
        ("ja", 2, "画像が 2 個必要です。添付：1。"),
    ],
)
def test_what_the_words_are_about_may_lack(language: str, count: int, reason: str) -> None:
    picture = Parameter("image", ParameterKind.IMAGE)
    assert refusals.lack(picture, language, count=count, attached=count - 1) == reason


@pytest.mark.parametrize("kind", ParameterKind)
def test_every_kind_has_a_cure(kind: ParameterKind) -> None:
    one = Parameter("page", kind)
    several = refusals.lack(one, "es", count=2)
    assert refusals.lack(one, "es") != several or kind is ParameterKind.NUMBER


def test_names_that_no_file_has_are_to_be_said() -> None:
    assert refusals.lack(Parameter("labels", ParameterKind.TEXT, repeated=True), "en") == "It has to be said: `labels`."
    assert refusals.lack_files("en", count=3, attached=1) == "It needs 3 files; attached: 1."


def test_a_question_is_told_with_its_choices() -> None:
    question = Question(
        "Which picture?", (QuestionChoice("a.jpg", "read a.jpg"), QuestionChoice("b.jpg", "read b.jpg"))
    )
    error = refusals.refusal([], [question], "en", planner="builtin")
    assert error.message == "Which picture?\n1. a.jpg\n2. b.jpg"
    assert error.questions == (question,)


def test_an_error_of_a_long_request_fits_in_headers() -> None:
    long = "very " * 5_000
    error = refusals.refusal([refusals.nothing_does(long, "en", long)], [], "en", planner="builtin")
    assert len(error.message) + sum(map(len, error.metadata.values())) < 4_000
    assert error.not_done[0].words == long


@pytest.mark.parametrize(("count", "text"), [(1, "1 MB"), (290_400_000, "290 MB"), (1_540_000_000, "1.5 GB")])
def test_sizes_are_written_as_people_do(count: int, text: str) -> None:
    assert refusals.size(count) == text
