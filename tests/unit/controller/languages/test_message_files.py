"""The messages and examples of the languages: each has all of English's, with the same places to fill."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from orchestrion import task_types
from orchestrion_controller.languages import examples, load
from orchestrion_controller.languages.messages import ENGLISH, message, messages

BUILT_IN = ("zh", "de", "fr", "es", "ja")
OTHERS = (*BUILT_IN, *sorted(load().keys() - {ENGLISH, *BUILT_IN}))
"""Installed packages bring the last."""


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_is_there_with_the_same_places(language: str) -> None:
    own = messages(language)
    assert {key: fields(text) for key, text in own.items()} == {
        key: fields(text) for key, text in messages(ENGLISH).items()
    }


def test_a_language_without_a_folder_is_told_in_english() -> None:
    assert message("xx", "nothing_does") == message(ENGLISH, "nothing_does")


def test_every_task_type_has_an_example() -> None:
    assert set(task_types.load()) - set(examples.examples(ENGLISH)) == {"test-delay"}


@pytest.mark.parametrize("language", OTHERS)
def test_every_example_is_there_and_is_about_the_same_files(language: str) -> None:
    def shape(tag: str) -> dict[tuple[str, ...], tuple[frozenset[str], frozenset[str]]]:
        return {
            (entry.task_type, *entry.choices.values()): (
                examples.placeholders(entry.request),
                examples.placeholders(entry.file_request),
            )
            for entries in examples.examples(tag).values()
            for entry in entries
        }

    assert shape(language) == shape(ENGLISH)


@pytest.mark.parametrize("language", [ENGLISH, *OTHERS])
def test_examples_name_choices_that_there_are(language: str) -> None:
    types = task_types.load()
    for entry in (entry for entries in examples.examples(language).values() for entry in entries):
        for name, value in entry.choices.items():
            parameter = types[entry.task_type].input(name)
            assert parameter is not None
            assert value in parameter.choices


def test_file_names_take_the_places() -> None:
    assert examples.filled("read {image} and {image2}", {"image": "a.jpg"}) == "read a.jpg and sketch.png"


@pytest.mark.parametrize("language", [ENGLISH, *OTHERS])
def test_examples_are_short(language: str) -> None:
    for entries in examples.examples(language).values():
        assert [entry.request for entry in entries if len(entry.request) > 90] == []
        assert [entry.does for entry in entries if re.search(r"[.。]$", entry.does)] == []
