"""Parts of the picture experts that need no host: boxes, drawing, scores, tiles, and what is said without cascades."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from orchestrion.errors import FailedPreconditionError
from orchestrion_host.worker.engines.image import face_search, image_denoising, image_filters
from orchestrion_host.worker.engines.image.face_search import Evidence
from orchestrion_host.worker.engines.image.haar_cascades import Cascades, grouped
from orchestrion_host.worker.media.image import drawing
from orchestrion_host.worker.media.image.detections import Box, Detection, without_repeats


def square(x: float, y: float, side: float) -> Box:
    return Box(x, y, x + side, y + side)


def test_overlap_is_what_both_cover_of_what_either_covers() -> None:
    assert square(0, 0, 10).intersection_over_union(square(5, 0, 10)) == pytest.approx(50 / 150)
    assert square(0, 0, 10).intersection_over_union(square(0, 0, 10)) == 1
    assert square(0, 0, 10).intersection_over_union(square(20, 20, 10)) == 0
    assert square(0, 0, 0).intersection_over_union(square(0, 0, 0)) == 0


def test_of_findings_on_each_other_the_surest_stays() -> None:
    sure = Detection("face", 0.9, square(100, 100, 50))
    shifted = Detection("face", 0.8, square(110, 105, 50))
    part = Detection("face", 0.85, square(120, 120, 15))
    neighbour = Detection("face", 0.7, square(140, 100, 50))
    assert without_repeats([neighbour, shifted, part, sure]) == [sure, neighbour]


def test_windows_that_lie_on_each_other_are_one_group_and_single_ones_stay() -> None:
    windows = [square(10, 10, 40), square(12, 10, 40), square(11, 12, 42), square(200, 50, 30)]
    (near, count), (alone, one) = grouped(windows)
    assert (count, one) == (3, 1)
    assert near.intersection_over_union(square(11, 11, 41)) > 0.9
    assert alone == square(200, 50, 30)
    assert grouped([]) == []
    assert grouped(reversed(windows)) == grouped(windows)


def test_all_evidence_speaks_for_a_face_and_none_makes_it_certain() -> None:
    nothing = Evidence(square(0, 0, 50), 1, 0, 0, 0, 0)
    weaker = Evidence(square(0, 0, 50), 10, 30, 2, 1, 0)
    stronger = Evidence(square(0, 0, 50), 10, 60, 4, 2, 2)
    everything = Evidence(square(0, 0, 50), 1000, 1000, 1000, 2, 2)
    scores = [face_search.score(evidence) for evidence in (nothing, weaker, stronger, everything)]
    assert scores == sorted(set(scores))
    assert scores[0] < 0.01
    assert 0.99 < scores[-1] < 1


def test_drawing_leaves_the_picture_alone_and_stays_inside_it() -> None:
    picture = Image.new("RGB", (400, 300), "white")
    drawn = drawing.with_boxes(picture, [Detection("a long label", 0.5, Box(350, -20, 450, 80))])
    assert picture.getextrema() == ((255, 255),) * 3
    assert drawn.size == picture.size
    # The right edge of the box is drawn on the last column.
    assert drawn.getpixel((399, 60)) != (255, 255, 255)
    assert drawn.getpixel((200, 200)) == (255, 255, 255)


def test_lines_grow_with_the_picture() -> None:
    def line_width(side: int) -> int:
        box = square(side / 4, side / 4, side / 2)
        drawn = drawing.with_boxes(Image.new("RGB", (side, side), "white"), [Detection("face", 0.9, box)])
        return int((np.asarray(drawn)[side // 2] != 255).any(axis=1).sum()) // 2

    assert line_width(4000) >= 4 * line_width(1000) > line_width(20) >= 1


@pytest.mark.parametrize("size", [(60, 50), (300, 530)])
def test_tiles_give_what_the_whole_picture_would_have_given(size: tuple[int, int]) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (*size, 3), dtype=np.uint8)
    fractions: list[float] = []
    cleaned = image_denoising.denoise(picture, 0.5, fractions.append)
    whole = cv2.fastNlMeansDenoisingColored(np.ascontiguousarray(picture[:, :, ::-1]), None, 10, 10, 7, 21)
    assert np.array_equal(cleaned, np.asarray(whole)[:, :, ::-1])
    assert fractions == sorted(fractions)
    assert len(fractions) == (1 if size == (60, 50) else 6)


def test_a_reduced_copy_blurs_as_the_whole_would() -> None:
    # 4% of 500 pixels is 20, more than is blurred in one go.
    picture = np.random.default_rng(2).integers(0, 256, (500, 700, 3), dtype=np.uint8)
    picture[:, :350] //= 3
    blurred = image_filters.blur(picture, 1.0).astype(int)
    exact = np.asarray(cv2.GaussianBlur(picture, (0, 0), 20.0)).astype(int)
    assert np.abs(blurred - exact).max() <= 4


def test_an_opencv_without_cascades_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("cv2.data.haarcascades", f"{tmp_path}/")
    with pytest.raises(FailedPreconditionError, match="opencv-python-headless below version 5"):
        Cascades()
