"""Things that detectors know, read as a thing that the reader knows."""

from __future__ import annotations

import pytest

from orchestrion.plans import Task
from orchestrion.values import ArtifactRef
from orchestrion_controller.planner.builtin.binding.stand_ins import SubstituteRequest, stand_ins

PICTURE = ArtifactRef("artifacts/1")


def first(text: str, language: str, *asides: tuple[int, int]) -> SubstituteRequest | None:
    return next(stand_ins(text, language, asides), None)


@pytest.mark.parametrize(
    ("language", "text", "read", "names"),
    [
        ("en", "Count the skateboards.", "Count the cats.", ("skateboard",)),
        ("en", "Is there a fire hydrant here?", "Is there a cat here?", ("fire hydrant",)),
        ("de", "Zähle die Löffel und Gabeln!", "Zähle die Katze und Katzen!", ("spoon", "fork")),
        ("es", "¿Cuántas cebras hay?", "¿Cuántas gatos hay?", ("zebra",)),
        ("zh", "数一数滑雪板", "数一数猫", ("skis",)),
    ],
)
def test_named_things_are_read_as_one_that_is_met_often_in_the_same_number(
    language: str, text: str, read: str, names: tuple[str, ...]
) -> None:
    request = first(text, language)
    assert request is not None
    assert (request.text, request.names) == (read, names)


@pytest.mark.parametrize(
    "text",
    ["Count the hedgehogs.", "The picture of the car: count the people.", "Read this aloud."],
)
def test_nothing_stands_in_where_no_thing_is_named_or_several_in_several_places(text: str) -> None:
    assert first(text, "en") is None


def test_what_is_quoted_stays_as_it_is() -> None:
    text = 'Say "count the spoons"'
    assert first(text, "en", (text.index('"'), len(text))) is None


def test_what_was_named_is_looked_for_and_nothing_else_may_speak_of_the_stand_in() -> None:
    request = first("Count the benches", "en")
    assert request is not None
    count = Task("count", "object-detection", {"image": PICTURE, "labels": ("cats",)})
    draw = Task("draw", "text-to-image", {"prompt": "a cat"})

    (counted,) = request.put_back([count])

    assert counted.inputs == {"image": PICTURE, "labels": ("bench",)}
    assert request.put_back([count, draw]) == ()
    assert request.put_back([count, count]) == ()
    assert request.put_back([draw]) == ()
