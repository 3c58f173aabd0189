"""Images of single lines, cut out of a page: straightened, turned, and divided where they are too long to be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from orchestrion_host.worker.engines.image.page_reading.text_boxes import TextBox
from orchestrion_host.worker.library_types import Array

_LONGEST: Final = 50.0
"""How many times as wide as high a line may be that is read at once: some 120 letters."""
_SEARCHED: Final = 0.25
"""How much of a part's length a division may be away from where it would be even."""


def cut_out(page: Array, box: TextBox) -> Array:
    """Returns what is in a box, as (height, width, 3), its upper side up."""
    width, height = max(1, round(box.width)), max(1, round(box.height))
    corners = np.asarray([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    # Only the surroundings: OpenCV takes no image beyond 32,767 pixels a side here.
    left, top = np.maximum(np.floor(box.corners.min(axis=0)).astype(int) - 2, 0)
    right, bottom = np.ceil(box.corners.max(axis=0)).astype(int) + 3
    around = page[top:bottom, left:right]
    transform = cv2.getPerspectiveTransform((box.corners - [left, top]).astype(np.float32), corners)
    line = cv2.warpPerspective(
        around, transform, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(line)


def turned(line: Array, quarters: int) -> Array:
    """Turns an image by so many quarters, counter-clockwise."""
    return np.ascontiguousarray(np.rot90(line, quarters))


def divided(line: Array) -> Sequence[Array]:
    """Divides a line into parts that can be read at once, where it has the most room between letters."""
    height, width = line.shape[:2]
    count = int(np.ceil(width / (_LONGEST * height)))
    if count < 2:
        return [line]
    grey = cv2.cvtColor(line, cv2.COLOR_RGB2GRAY).astype(np.float32)
    # How much each column of pixels differs from one shade, over the width of a space.
    ink = cv2.blur((grey.max(axis=0) - grey.min(axis=0))[None], (max(1, height // 5), 1))[0]
    length = width / count
    cuts = [0]
    for number in range(1, count):
        first = round((number - _SEARCHED / 2) * length)
        cuts.append(first + int(ink[first : round((number + _SEARCHED / 2) * length)].argmin()))
    return [line[:, start:end] for start, end in zip(cuts, [*cuts[1:], width], strict=True)]
