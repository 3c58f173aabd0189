"""Segments become steps, each with all of its words and the options that go with it."""

from __future__ import annotations

import re

import pytest

from orchestrion import task_types
from orchestrion_controller.planner.builtin.reading.segments import Label, Segment
from orchestrion_controller.planner.builtin.reading.steps import Step, gather
from orchestrion_controller.plans.offers import Ability, Option

TYPES = task_types.load()
_NEWNESS = {"+": -4.0, "?": 2.0}
_MARK = re.compile(r"\{([^ }]+) ([^}]*)\}")


def label(key: str) -> Label:
    """A label by `task-type`, `task-type=choice`, `task-type.input` or a role."""
    name, _, rest = key.partition("." if "." in key else "=")
    if name not in TYPES:
        return name
    if "." in key:
        parameter = TYPES[name].input(rest)
        assert parameter is not None
        return Option(TYPES[name], parameter)
    choices = [(item.name, rest) for item in TYPES[name].inputs if rest in item.choices]
    return Ability(TYPES[name], tuple(choices))


def steps_of(marked: str) -> list[str]:
    """The steps of a marked text; `+` before a label goes on with what words before it began, `?` perhaps does."""
    segments, text, last = [], "", 0
    for match in _MARK.finditer(marked):
        text += marked[last : match.start()]
        key, words = match.groups()
        start, last = len(text), match.end()
        text += words
        segments.append(
            Segment(label(key.lstrip("+?")), start, len(text), (), newness=_NEWNESS.get(key[0], 6.0), probability=1.0)
        )
    return [shown(text, step) for step in gather(segments, lambda item: Ability(item.label.task_type))]  # type: ignore[union-attr]


def shown(text: str, step: Step) -> str:
    words = [text[item.start : item.end] for item in step.words]
    options = [text[item.start : item.end] for item in step.options]
    return f"{step.task_type.name} {words} {options}"


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("{text-to-speech Read} this {+text-to-speech aloud}", ["text-to-speech ['Read', 'aloud'] []"]),
        ("{text-to-speech Lies} es {+text-to-speech vor}", ["text-to-speech ['Lies', 'vor'] []"]),
        (
            "{text-to-speech.speed Slowly}, please, {text-to-speech say} it {text-to-speech.voice as a robot}",
            ["text-to-speech ['say'] ['Slowly', 'as a robot']"],
        ),
        (
            "{summarization shorten} it and {summarization.sentence_count in three sentences}",
            ["summarization ['shorten'] ['in three sentences']"],
        ),
        ("{audio-to-audio.gain_db 3 dB louder}", ["audio-to-audio [] ['3 dB louder']"]),
        (
            "{audio-to-audio.speed Slower} and {audio-to-audio.gain_db louder}",
            ["audio-to-audio [] ['Slower', 'louder']"],
        ),
        (
            "{translation.language French}, {translation.language German} {translation translation}",
            ["translation ['translation'] ['French', 'German']"],
        ),
    ],
)
def test_split_verbs_options_before_and_after_and_options_alone(marked: str, expected: list[str]) -> None:
    assert steps_of(marked) == expected


def test_two_steps_of_a_kind_have_options_of_their_own() -> None:
    assert steps_of(
        "{text-to-speech say it} {text-to-speech.speed slowly}, {text-to-speech say that} {text-to-speech.speed fast}"
    ) == ["text-to-speech ['say it'] ['slowly']", "text-to-speech ['say that'] ['fast']"]


def test_choices_make_two_steps_of_one_task_type() -> None:
    assert steps_of("{image-to-image=blur blur} it, then {image-to-image=upscale enlarge} it") == [
        "image-to-image ['blur'] []",
        "image-to-image ['enlarge'] []",
    ]


def test_objects_of_their_own_make_two_steps() -> None:
    assert steps_of(
        "{file the first} {audio-to-audio.gain_db louder}, {file the second} {audio-to-audio.speed slower}"
    ) == ["audio-to-audio [] ['louder']", "audio-to-audio [] ['slower']"]


def test_an_option_said_twice_is_of_one_step_whose_values_tell_how_often_it_is_done() -> None:
    assert steps_of("{audio-to-audio.speed twice as fast}, and then {audio-to-audio.speed half as fast}") == [
        "audio-to-audio [] ['twice as fast', 'half as fast']"
    ]


def test_words_that_ask_once_more_are_of_the_same_step_where_they_do_not_surely_begin_another() -> None:
    assert steps_of("{text-classification=sentiment Is it}, well, {?text-classification=sentiment negative}") == [
        "text-classification ['Is it', 'negative'] []"
    ]
    assert steps_of("{text-classification=sentiment Is it good}? {text-classification=sentiment Is that good}?") == [
        "text-classification ['Is it good'] []",
        "text-classification ['Is that good'] []",
    ]


def test_an_option_in_two_places_is_one() -> None:
    assert steps_of("{audio-to-audio.pitch_semitones lift} it {+audio-to-audio.pitch_semitones by a tone}") == [
        "audio-to-audio [] ['lift', 'by a tone']"
    ]


def test_steps_stand_in_the_order_of_the_request() -> None:
    steps = steps_of("{summarization.sentence_count two lines} of what is {automatic-speech-recognition said}")
    assert [item.split()[0] for item in steps] == ["summarization", "automatic-speech-recognition"]
