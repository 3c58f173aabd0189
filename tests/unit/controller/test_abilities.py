"""What can be done here: in six lines at most, with examples that work on what is attached."""

from __future__ import annotations

import re

import pytest

from orchestrion import task_types
from orchestrion.experts import Expert
from orchestrion.plans import Parameter, ParameterKind, TaskType
from orchestrion.runs import Artifact
from orchestrion_controller.abilities import abilities, example_requests
from orchestrion_controller.languages.widths import rows
from orchestrion_controller.registry.choices import with_available_choices

TYPES = task_types.load()
LANGUAGES = ("en", "zh", "de", "fr", "es", "ja")
FACES = with_available_choices(
    TYPES["object-detection"], [Expert("faces", "m", "engine", task_types=("object-detection",), domain="faces")]
)
GROUP = Artifact(f"artifacts/{'a' * 64}", "image/jpeg", "group.jpg", 4)
STARTER = {name: TYPES[name] for name in ("image-to-text", "text-to-speech", "summarization")} | {
    "object-detection": FACES
}


def test_each_kind_of_thing_has_a_line_and_examples_follow() -> None:
    assert abilities(STARTER, "en") == [
        "Texts: sum a text up",
        "Pictures: read the text in a picture, describe a picture, find and count faces",
        "Sound: read a text aloud",
        "For example: `say “Welcome to our house” aloud`, `sum up letter.txt in two sentences`, "
        "`read the text in photo.jpg`",
    ]


def test_examples_are_about_what_is_attached() -> None:
    """Given a picture, its name stands in requests that take one; others come only after them."""
    requests = example_requests(STARTER, "de", [GROUP], most=2)
    assert requests == ["Lies den Text in group.jpg", "Beschreibe group.jpg in einem Satz"]


def test_what_an_expert_of_one_domain_does_is_told_as_that_domain() -> None:
    """Given an expert for faces alone, nobody is promised other things."""
    assert "count things" not in "\n".join(abilities({"object-detection": FACES}, "en"))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("offered", [TYPES, STARTER], ids=["catalogue", "starter"])
def test_it_takes_six_rows_of_a_terminal_at_most(language: str, offered: dict[str, TaskType]) -> None:
    lines = abilities(offered, language)
    assert sum(map(rows, lines)) <= 6
    assert not any("test-delay" in line for line in lines)
    assert lines[-1].count("`") >= 2


def test_a_task_type_of_others_is_told_by_its_description() -> None:
    picture = Parameter("image", ParameterKind.IMAGE)
    palette = TaskType("color-palette", "Finds the main colours of a picture.", (picture,), (picture,))
    assert abilities({"color-palette": palette}, "en") == [
        "Other: Finds the main colours of a picture (color-palette)",
    ]


def test_without_experts_it_says_so() -> None:
    assert abilities({}, "fr") == ["Aucun expert ne tourne encore ici."]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_placeholder_is_left(language: str) -> None:
    requests = example_requests(TYPES, language, most=1_000)
    assert len(requests) > 50
    assert [text for text in requests if re.search(r"[{}]", text)] == []
