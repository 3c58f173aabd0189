"""What a call asks a detector for by name, among the classes that its model tells apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrion.errors import InvalidArgumentError
from orchestrion_host.worker.media.image import requested_labels, thing_names
from orchestrion_host.worker.media.image.requested_labels import RequestedLabels
from tests.unit.host.worker.calls import call

COCO = (
    "person", "bicycle", "car", "skis", "mouse", "fire hydrant", "sports ball", "wine glass", "bus", "sheep", "cup",
    "bed", "cell phone", "couch", "hair drier", "zebra",
)  # fmt: skip


def read(tmp_path: Path, *labels: str) -> RequestedLabels:
    return requested_labels.read(call("object-detection", {"labels": list(labels)}, tmp_path), COCO)


def classes(tmp_path: Path, *labels: str) -> tuple[str, ...]:
    return tuple(name for thing in read(tmp_path, *labels).things for name in thing.classes)


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("person", "person"),
        ("People", "person"),
        ("persons", "person"),
        ("mice", "mouse"),
        ("ski", "skis"),
        ("buses", "bus"),
        ("sheep", "sheep"),
        ("wine-glasses", "wine glass"),
        (" FIRE_HYDRANTS ", "fire hydrant"),
        ("bikes", "bicycle"),
        ("Sofa", "couch"),
        ("mobile phones", "cell phone"),
        ("hair dryers", "hair drier"),
        ("balls", "sports ball"),
        ("mugs", "cup"),
    ],
)
def test_a_label_is_a_class_whatever_its_case_and_number_and_by_other_words(
    label: str, name: str, tmp_path: Path
) -> None:
    assert classes(tmp_path, label) == (name,)


def test_labels_keep_their_order_and_are_told_once(tmp_path: Path) -> None:
    assert classes(tmp_path, "cups", "bus", "cup") == ("cup", "bus")
    assert read(tmp_path) == requested_labels.EVERYTHING


def test_a_group_is_all_of_its_classes_and_goes_by_its_name_where_there_is_none(tmp_path: Path) -> None:
    requested = read(tmp_path, "Animals", "vehicles", "beds")
    assert [thing.classes for thing in requested.things] == [("sheep", "zebra"), ("bicycle", "car", "bus"), ("bed",)]
    assert requested.absent(["zebra", "zebra"]) == ["vehicle", "bed"]
    assert requested.includes("sheep")
    assert not requested.includes("cup")
    (everything,) = read(tmp_path, "things").things
    assert everything.classes == COCO


def test_a_class_of_that_very_name_comes_before_a_group() -> None:
    things = thing_names.meaning("animals", ("animal", "zebra"))
    assert things is not None
    assert things.classes == ("animal",)


@pytest.mark.parametrize("taught", ["aeroplane", "airplane"])
def test_classes_of_other_sets_have_the_same_synonyms(taught: str) -> None:
    things = thing_names.meaning("planes", ("boat", taught))
    assert things is not None
    assert things.classes == (taught,)


def test_what_is_not_told_apart_is_kept_beside_what_is(tmp_path: Path) -> None:
    requested = read(tmp_path, "hedgehogs", "zebras")
    assert [thing.name for thing in requested.things] == ["zebra"]
    assert requested.others == ("hedgehogs",)


def test_what_is_most_like_an_unknown_label_is_told_first(tmp_path: Path) -> None:
    expected = r"names `tennis ball`, .* It knows 16 kinds of things, such as sports ball, person, .* and 8 more;"
    with pytest.raises(InvalidArgumentError, match=expected):
        read(tmp_path, "tennis ball")


def test_an_empty_label_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="has a label that is empty"):
        read(tmp_path, "cup", " ")


def test_labels_that_are_long_are_shortened_in_the_message(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        read(tmp_path, *(f"{number}-{'x' * 1000}" for number in range(100)))
    assert "and 92 more" in caught.value.message
    assert len(caught.value.message) < 1000
