"""Cures: the first expert that a host could have and that does what is wanted."""

from __future__ import annotations

import pytest

from orchestrion.experts import AbsentExpert, AcceptedValues
from orchestrion_controller.cures import Cure, Cures

CURES = Cures(
    (
        AbsentExpert("caption", ("image-to-text",), domain="caption", command="pull caption", download_bytes=5),
        AbsentExpert(
            "to-german",
            ("translation",),
            languages=("en",),
            accepts=(AcceptedValues("language", ("de",)),),
            command="pull to-german",
        ),
        AbsentExpert("to-any", ("translation",), command="pull to-any"),
    )
)


@pytest.mark.parametrize(
    ("task_type", "choices", "language", "command"),
    [
        ("image-to-text", {"domain": "caption"}, "", "pull caption"),
        ("image-to-text", {}, "", "orchestrion models search image-to-text"),
        ("translation", {"language": "de"}, "en", "pull to-german"),
        ("translation", {"language": "fr"}, "en", "pull to-any"),
        ("translation", {"language": "de"}, "zh", "pull to-any"),
        ("text-to-video", {}, "", "orchestrion models search text-to-video"),
    ],
)
def test_the_first_that_fits_is_the_cure(task_type: str, choices: dict[str, str], language: str, command: str) -> None:
    assert CURES.find(task_type, choices, language).command == command


def test_its_size_comes_with_it() -> None:
    assert CURES.find("image-to-text", {"domain": "caption"}) == Cure("pull caption", 5)


def test_without_a_host_the_cure_is_one() -> None:
    assert Cures(has_hosts=False).find("translation").command == "orchestrion up"
