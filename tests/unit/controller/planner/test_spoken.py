"""What grammar sees in a request beside its names of files and quotations, and what of that nobody took."""

from __future__ import annotations

import pytest

from orchestrion_controller import languages
from orchestrion_controller.planner import spoken
from orchestrion_controller.planner.asides import asides
from orchestrion_controller.planner.spoken import Spoken


def read(text: str, tag: str = "en", files: tuple[str, ...] = ()) -> Spoken:
    return spoken.read(text, asides(text, files), [languages.load()[tag]])


def test_numbers_and_languages_in_names_and_quotations_are_none() -> None:
    said = read("Say 'two minutes in French' and shorten 3 seconds.wav by 10 seconds", files=("3 seconds.wav",))
    assert [(item.value, item.unit) for item in said.amounts] == [(10, "second")]
    assert said.languages == ()


@pytest.mark.parametrize(
    ("tag", "text", "words"),
    [
        ("en", "read the first one, translate the rest", "rest"),
        ("de", "das erste lauter, das andere leiser", "andere"),
        ("fr", "lis le premier et traduis l'autre", "autre"),
        ("es", "lee el primero y traduce el otro", "otro"),
    ],
)
def test_words_for_what_is_left_have_their_places(tag: str, text: str, words: str) -> None:
    assert text.index(words) in read(text, tag).rests


def test_an_amount_that_no_words_of_the_reading_have_is_unclaimed() -> None:
    text = "trim the recording to 20 seconds and make it 3 dB louder"
    said = read(text)
    louder = (text.index("make"), len(text))
    assert [item.unit for item in said.unclaimed([louder])] == ["second"]
    assert said.unclaimed([(0, len(text))]) == []


def test_what_says_which_and_bare_numbers_claim_nothing() -> None:
    assert read("describe the second of these 3 pictures, room 101").unclaimed([]) == []
