"""What a request gives is set aside before it is read: files, quotations, addresses, long texts."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrion.plans import ParameterKind
from orchestrion_controller.planner.asides import asides
from orchestrion_controller.planner.builtin.reading.marking import MARKS, beside
from orchestrion_controller.plans.kinds import kind_of_file_name
from tests.unit.controller.planner.reading.libraries import artifact


@pytest.mark.parametrize(
    ("request_text", "expected"),
    [
        ("Crop 'example.jpg' and read talk.mp3", [("[image]", "example.jpg"), ("[audio]", "talk.mp3")]),
        ("Turn clip.mp4 into notes.pdf", [("[video]", "clip.mp4"), ("[document]", "notes.pdf")]),
        ("Say 'good morning' to me", [("[phrase]", "good morning")]),
        ("Speak 'The lake froze over in a single night.'", [("[text]", "The lake froze over in a single night.")]),
        ("Look at it and tell me 'How many dogs are there?'", [("[question]", "How many dogs are there?")]),
        ("Fetch https://example.org/a.png, please", [("[link]", "https://example.org/a.png")]),
        ("I don't know what's wrong with it", []),
        ("Version 2.0 of this e.g. is better than example.com", []),
    ],
)
def test_what_is_given_is_found_with_its_kind(request_text: str, expected: list[tuple[str, str]]) -> None:
    assert [(item.mark, item.text) for item in asides(request_text)] == expected


def test_attachments_are_found_by_their_names_whatever_these_are() -> None:
    (aside,) = asides("Make my holiday photo brighter", ["holiday photo"])
    assert (aside.text, aside.mark, aside.kind) == ("holiday photo", "[document]", ParameterKind.DOCUMENT)


def test_a_long_text_after_a_colon_is_one_thing() -> None:
    text = "The council met on Monday evening and agreed to close the old bridge for repairs until the spring."
    (aside,) = asides(f"Summarise this: {text}")
    assert (aside.mark, aside.text) == ("[text]", text)


LONG = "It was a \"dark\" and stormy night; the rain wouldn't stop: 'never', they said.\nNothing stirred. " * 10


@pytest.mark.parametrize(
    "text",
    [
        "Summarise this: {}",
        "Summarise this in two sentences:\n\n{}",
        "{}\n\nSummarise this, please.",
        "Please summarise the following text.\n{}",
    ],
)
def test_a_long_text_is_one_thing_whatever_it_quotes(text: str) -> None:
    (aside,) = asides(text.format(LONG))
    assert (aside.mark, aside.text) == ("[text]", LONG.strip())
    assert text.format(LONG)[aside.start : aside.end] == LONG.strip()


def test_a_long_text_in_quotation_marks_ends_where_they_do() -> None:
    text = "The rain would not stop that night. " * 30
    (aside,) = asides(f"Translate this: “{text}” into French")
    assert aside.text == text


def test_kinds_are_told_by_the_ending() -> None:
    names = ("a.jpeg", "b.flac", "c.webm", "d.csv", "e", "f.com")
    assert [kind_of_file_name(name) for name in names] == [
        ParameterKind.IMAGE,
        ParameterKind.AUDIO,
        ParameterKind.VIDEO,
        ParameterKind.DOCUMENT,
        None,
        None,
    ]


def test_what_there_is_beside_a_request_is_told_by_marks() -> None:
    files = [artifact(name) for name in ("a.jpg", "b.wav", "c.txt", "d.jpg", "e.jpg")]
    assert beside(files) == ["[attached image]", "[attached audio]", "[attached text file]", "[attached image]"]
    assert beside(files[:1], follows=True) == ["[earlier turn]", "[attached image]"]
    assert set(beside(files)) <= set(MARKS)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Sag „Guten Morgen“ zu mir", "Guten Morgen"),
        ("Dis « Bonjour »", " Bonjour "),
        ("说「早上好」", "早上好"),
        ("「おはよう」と言って", "おはよう"),
    ],
)
def test_quotation_marks_of_all_scripts_set_a_text_aside(text: str, words: str) -> None:
    (aside,) = asides(text)
    assert (aside.mark, aside.text) == ("[phrase]", words)


@given(st.text(max_size=200), st.lists(st.text(max_size=12), max_size=3))
def test_nothing_overlaps_and_all_lies_inside(text: str, names: list[str]) -> None:
    marked = asides(text, names)
    places = [(item.start, item.end) for item in marked]
    assert places == sorted(places)
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(places))
    assert {item.mark for item in marked} <= set(MARKS)
