"""Faces of heads turned to either side by 0 to 40 degrees, at three sizes, and pictures without a face.

The face is that of `examples/pictures/astronaut.jpg` (NASA, public domain), turned by code; those without are the
pictures of animals, things and signs.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

from PIL import Image

from benchmarks.quality import detection
from benchmarks.quality.experts import Experts
from benchmarks.quality.rows import Row, Table

_PICTURES: Final = Path(__file__).parents[2] / "examples" / "pictures"
_PORTRAIT: Final = _PICTURES / "astronaut.jpg"
_EXPERT: Final = "opencv-faces"
_ANGLES: Final = (0, 10, 20, 30, 40)
_SIZES: Final = (160, 300, 512)
"""Of the portrait, in pixels a side: the face takes a fifth of it."""
_PAGE: Final = (640, 512)
_GREY: Final = (96, 104, 112)


def measure(experts: Experts) -> Table:
    """Looks for the face at every angle and size, and for faces where there are none."""
    rows = []
    for angle in _ANGLES:
        turns = sorted({angle, -angle})
        counts = [_count(experts, turned(turn, size)) for turn in turns for size in _SIZES]
        right = sum(count == 1 for count in counts)
        figure = f"{right} of {len(counts)}"
        rows.append(Row(f"turned by {angle} degrees", figure, "all", is_met=right == len(counts)))
    animals = [item.path for item in detection.SET if item.label != "people"]
    signs = [_PICTURES / name for name in ("bridge.jpg", "icy_road.jpg", "station.jpg")]
    without = [_count(experts, path) for path in (*animals, *signs)]
    wrong = sum(count > 0 for count in without)
    rows.append(Row("pictures without a face", f"{wrong} of {len(without)} have one", "at most 1", is_met=wrong <= 1))
    return Table("Faces", tuple(rows))


def turned(angle: float, size: int) -> Image.Image:
    """Returns the portrait on a grey page, so many pixels a side, turned to the left by so many degrees."""
    page = Image.new("RGB", _PAGE, _GREY)
    with Image.open(_PORTRAIT) as portrait:
        square = portrait.convert("RGB").resize((size, size), Image.Resampling.LANCZOS)
    page.paste(square.rotate(angle, Image.Resampling.BICUBIC, fillcolor=_GREY), (30, 0))
    return page


def _count(experts: Experts, picture: Image.Image | Path) -> float:
    with tempfile.TemporaryDirectory() as folder:
        path = picture if isinstance(picture, Path) else Path(folder) / "turned.png"
        if isinstance(picture, Image.Image):
            picture.save(path)
        count = experts.perform("object-detection", {"image": path, "domain": "faces"}, _EXPERT)["count"]
    assert isinstance(count, float)
    return count
