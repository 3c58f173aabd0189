"""What a call asks a detector for by name, among the classes that its model tells apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrion.errors import InvalidArgumentError
from orchestrion_host.worker.media.image import requested_labels
from tests.unit.host.worker.calls import call

COCO = ("person", "bicycle", "skis", "mouse", "fire hydrant", "sports ball", "wine glass", "bus", "sheep", "cup", "bed")


def read(tmp_path: Path, *labels: str) -> tuple[str, ...]:
    return requested_labels.read(call("object-detection", {"labels": list(labels)}, tmp_path), COCO)


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
    ],
)
def test_a_label_is_a_class_whatever_its_case_and_number(label: str, name: str, tmp_path: Path) -> None:
    assert read(tmp_path, label) == (name,)


def test_labels_keep_their_order_and_are_told_once(tmp_path: Path) -> None:
    assert read(tmp_path, "cups", "bus", "cup") == ("cup", "bus")
    assert read(tmp_path) == ()


def test_what_is_most_like_an_unknown_label_is_told_first(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match=r"names `ball`, .* It knows sports ball, person, .* and 3 more;"):
        read(tmp_path, "cup", "ball")


def test_an_empty_label_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="has a label that is empty"):
        read(tmp_path, "cup", " ")


def test_labels_that_are_long_are_shortened_in_the_message(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        read(tmp_path, *(f"{number}-{'x' * 1000}" for number in range(100)))
    assert "and 92 more" in caught.value.message
    assert len(caught.value.message) < 1000
