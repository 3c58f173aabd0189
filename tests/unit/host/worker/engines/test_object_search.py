"""The two looks of a detector of things: the whole image, then its corners for what is small."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from orchestrion_host.worker.engines.image import object_search
from orchestrion_host.worker.library_types import Array
from orchestrion_host.worker.media.image.detections import Box, Detection, without_duplicates

SIDE = 100
COW = Detection("cow", 0.9, Box(100, 100, 500, 400))


def scene(small: Sequence[Box]) -> Array:
    """An image of 600 x 500 pixels: each small thing has a grey of its own."""
    image = np.zeros((500, 600, 3), np.uint8)
    for number, box in enumerate(small, start=1):
        image[int(box.y_min) : int(box.y_max), int(box.x_min) : int(box.x_max)] = 10 * number
    return image


def look(image: Array) -> list[Detection]:
    """Sees the cow in the whole image, and small things in its parts alone."""
    if image.shape[:2] == (500, 600):
        return [COW]
    seen = []
    for grey in sorted(set(image[..., 0].ravel().tolist()) - {0}):
        rows, columns = np.nonzero(image[..., 0] == grey)
        box = Box(float(columns.min()), float(rows.min()), float(columns.max() + 1), float(rows.max() + 1))
        seen.append(Detection("cow", 0.8, box))
    return seen


def boxes(small: Sequence[Box]) -> list[Box]:
    return [item.box for item in object_search.find(scene(small), look, SIDE, 0.5, lambda _done: None)]


def test_what_is_small_is_seen_once_although_corners_overlap() -> None:
    far = Box(280, 30, 320, 60)
    assert boxes([far]) == [COW.box, far]


def test_what_an_inner_edge_cuts_is_not_taken_for_a_whole_thing() -> None:
    # It reaches from one side to the other, so that each corner has a part of it.
    assert boxes([Box(20, 30, 590, 50)]) == [COW.box]


def test_parts_of_a_larger_thing_are_none_of_their_own() -> None:
    leg, tie = Box(150, 300, 250, 399), Box(300, 200, 320, 240)
    assert boxes([leg]) == [COW.box]
    # The same class inside of it is the same thing; what is far smaller may be another thing of another class.
    assert [item.label for item in without_duplicates([COW, Detection("tie", 0.8, tie)])] == ["cow", "tie"]


def test_an_image_that_is_seen_as_it_is_gets_one_look() -> None:
    looks: list[tuple[int, ...]] = []

    def count(image: Array) -> list[Detection]:
        looks.append(image.shape)
        return []

    assert not object_search.find(np.zeros((120, 160, 3), np.uint8), count, SIDE, 0.5, lambda _done: None)
    assert looks == [(120, 160, 3)]


def test_a_search_ends_between_two_looks_when_nobody_waits() -> None:
    def stop(done: float) -> None:
        if done > 0.3:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        object_search.find(scene([]), look, SIDE, 0.5, stop)


@pytest.mark.parametrize(
    ("other", "kept"),
    [
        (Detection("giraffe", 0.6, Box(150, 150, 350, 390)), ["giraffe"]),
        (Detection("giraffe", 0.6, Box(400, 100, 700, 400)), ["giraffe", "giraffe"]),
        (Detection("cow", 0.6, Box(105, 100, 500, 395)), ["giraffe"]),
        (Detection("person", 0.6, Box(200, 40, 300, 300)), ["giraffe", "person"]),
    ],
    ids=["within", "beside", "of another kind in the same place", "on its back"],
)
def test_one_thing_is_told_once(other: Detection, kept: list[str]) -> None:
    surer = Detection("giraffe", 0.9, Box(100, 100, 500, 400))
    assert [item.label for item in without_duplicates([other, surer])] == kept
