"""What is cut out of a picture: things, and no backgrounds, by the names that segmenters have for both."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from orchestrion_host.worker.media.image import cutouts, segments
from orchestrion_host.worker.media.image.segments import ImageSegment


@pytest.mark.parametrize(
    "label", ["wall", "sky-other-merged", "floor-wood", "Background", "water", "grass-merged", "windowpane", "road"]
)
def test_backgrounds_are_no_things(label: str) -> None:
    assert cutouts.is_background(label)


@pytest.mark.parametrize("label", ["cat", "person", "wine glass", "traffic light", "skis", "上衣", "7", "hair", "boat"])
def test_things_are_no_backgrounds(label: str) -> None:
    assert not cutouts.is_background(label)


def test_the_things_of_a_map_stay_and_the_rest_becomes_transparent() -> None:
    numbers = np.array([[1, 1, 2], [0, 3, 2]])
    opacity = segments.foreground(
        numbers, [ImageSegment(1, "sky"), ImageSegment(2, "cat", 0.9), ImageSegment(3, "dog", 0.8)]
    )
    assert np.asarray(opacity).tolist() == [[0, 0, 255], [0, 255, 255]]

    picture = Image.new("RGB", (3, 2), "red")
    cut = cutouts.cut(picture, opacity)
    assert cut.mode == "RGBA"
    assert np.asarray(cut.getchannel("A")).tolist() == np.asarray(opacity).tolist()
    assert cut.getpixel((2, 0)) == (255, 0, 0, 255)


def test_what_was_half_transparent_stays_so() -> None:
    glass = Image.new("RGBA", (4, 4), (0, 0, 255, 100))
    cut = cutouts.cut(glass, Image.new("L", (2, 2), 255))
    assert set(np.asarray(cut.getchannel("A")).ravel()) == {100}
