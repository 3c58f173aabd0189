"""Maps that guide painting, by classical methods: what is drawn where, and how large."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from orchestrion.errors import InvalidArgumentError
from orchestrion_host.worker.engines.image import control_maps, opencv_controls
from tests.checkpoints import media
from tests.unit.host.worker.calls import call, file_of, spec

DRAWINGS = (control_maps.soft_edges, control_maps.straight_lines, control_maps.scribble)


def scene(*, size: int = 400) -> np.ndarray[Any, Any]:
    """A sharp dark square on the left, a blurred one on the right."""
    picture = Image.new("RGB", (2 * size, size), (230, 220, 200))
    ImageDraw.Draw(picture).rectangle((size // 4, size // 4, size * 3 // 4, size * 3 // 4), fill=(40, 40, 90))
    blurred = Image.new("RGB", (2 * size, size), (230, 220, 200))
    box = (size * 5 // 4, size // 4, size * 7 // 4, size * 3 // 4)
    ImageDraw.Draw(blurred).rectangle(box, fill=(40, 40, 90))
    picture.paste(blurred.filter(ImageFilter.GaussianBlur(size / 16)).crop((size, 0, 2 * size, size)), (size, 0))
    return np.asarray(picture)


@pytest.mark.parametrize("draw", DRAWINGS)
def test_drawings_are_as_large_as_the_picture_and_a_plain_one_is_black(draw: Callable[[Any], Any]) -> None:
    for shape in ((1, 1, 3), (7, 300, 3), (2000, 1700, 3)):
        drawing = draw(np.full(shape, 90, np.uint8))
        assert drawing.shape == shape[:2]
        assert drawing.dtype == np.uint8
        assert not drawing.any()


def test_soft_edges_are_strong_where_the_picture_changes_fast_and_soft_beside() -> None:
    drawing = control_maps.soft_edges(scene())
    row = drawing[200].astype(int)
    sharp, blurred = row[90:110].max(), row[450:550].max()
    assert sharp > 200
    assert 10 < blurred < sharp
    assert row[200] == row[5] == 0
    # Shades between black and white: the edge is soft.
    assert len(set(row[90:110].tolist())) > 4


def test_straight_lines_are_the_sides_of_a_square_and_no_grain() -> None:
    drawing = control_maps.straight_lines(scene())
    assert drawing[150:250, 95:105].max(axis=1).min() > 200
    assert drawing[95:105, 150:250].max(axis=0).min() > 200
    grain = np.asarray(Image.effect_noise((400, 400), 60).convert("RGB"))
    assert control_maps.straight_lines(grain).mean() < 1


def test_scribbles_are_thick_and_black_and_white_alone() -> None:
    drawing = control_maps.scribble(scene())
    assert set(np.unique(drawing).tolist()) == {0, 255}
    assert (drawing[200, 80:120] > 0).sum() >= 5
    assert not drawing[180:220, 180:220].any()


def test_large_pictures_have_the_same_drawing_as_small_ones() -> None:
    small = control_maps.soft_edges(scene(size=400)).astype(float)
    large = control_maps.soft_edges(scene(size=1600))
    shrunk = np.asarray(Image.fromarray(large).resize((800, 400), Image.Resampling.BOX)).astype(float)
    assert np.corrcoef(small.ravel(), shrunk.ravel())[0, 1] > 0.8


def test_the_engine_draws_for_each_task_type_and_refuses_what_is_no_picture(tmp_path: Path) -> None:
    expert = opencv_controls.load(spec(tmp_path, "hed-control"))
    expert.warm_up()
    for task in ("hed-control", "mlsd-control", "scribble-control"):
        (result,) = expert.predict([call(task, {"image": media.CAT}, tmp_path / task)])
        assert isinstance(result, dict)
        with Image.open(file_of(result["image"])) as drawing, Image.open(media.CAT) as picture:
            assert drawing.mode == "L"
            assert drawing.size == picture.size
            assert np.asarray(drawing).any()
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"none")
    (refused,) = expert.predict([call("hed-control", {"image": broken}, tmp_path)])
    assert isinstance(refused, InvalidArgumentError)
