"""Finds the lines of a page of any size: a look at all of it, reduced, and closer ones where letters are small.

The detector sees letters best that are 10 to 60 pixels high. How high they are is not known before, but what a
reduction takes away is: a closer look goes to places that lose fine, strong detail by it, and where no line of
readable size has been seen. So a page scanned at 600 dpi is found at a quarter of its size, and its fine print nearer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import cv2
import numpy as np

from orchestrion_host.worker.engines.image.page_reading.text_boxes import TextBox, boxes_of
from orchestrion_host.worker.engines.image.page_reading.text_detection import TextDetector
from orchestrion_host.worker.library_types import Array

_FIRST_SHORTER_SIDE: Final = 1280
"""Pixels of the shorter side at the first look; A4 at 150 dpi has 1,240. The longer one may have any number."""
_LEAST_SIDE: Final = 32
"""Pixels that a side is enlarged to, at least."""
_MARGIN: Final = 16
"""Pixels around images that are hardly higher than a line: letters at the edge are not found."""
_NARROW: Final = 96
_READABLE: Final = 10.0
"""The height of a box in pixels from which on its letters were seen well."""
_TOO_HIGH: Final = 96.0
"""The height of a box in pixels from which on it may be a part of letters that are too large to be seen as a whole."""
_FARTHER: Final = 0.25
"""The size of the look at what is so large."""
_NEARLY_WHOLE: Final = 0.7
_BLOCK: Final = 16
_STRONG: Final = 40
"""Steps of grey, of 255, by which a pixel differs from the reduced image where detail got lost."""
_DENSE: Final = 0.15
"""The share of such pixels in a block of fine print. Rules and the edges of things have fewer."""
_FEWEST_BLOCKS: Final = 3


def find(page: Array, detector: TextDetector, go_on: Callable[[float], None]) -> list[TextBox]:
    """Returns the boxes of lines on a page, in its pixels and in no particular order.

    Args:
        page: (height, width, 3) of 0 to 255: red, green, blue.
        detector: What looks.
        go_on: Called between steps with what is done, 0 to 1; may raise to end the search.
    """
    shorter = min(page.shape[:2])
    scale = min(1.0, _FIRST_SHORTER_SIDE / shorter) if shorter >= _LEAST_SIDE else _LEAST_SIDE / shorter
    seen = _resized(page, scale)
    boxes = _look(seen, page, detector, go_on, None)
    if any(_thickness(box) * scale > _TOO_HIGH for box in boxes):
        farther = _look(_resized(page, scale * _FARTHER), page, detector, go_on, None)
        middles = np.asarray([box.middle for box in boxes])
        # Of a whole that is in pieces only: a room looks like a letter from far enough.
        boxes = _joined([box for box in farther if _holds(box, middles).sum() > 1], boxes, 0)
    while scale < 1:
        nearer = min(1.0, 2 * scale)
        nearer = 1.0 if nearer > _NEARLY_WHOLE else nearer
        closer = _resized(page, nearer)
        high = [box for box in boxes if _thickness(box) * scale >= _READABLE]
        places = _fine_detail(closer, seen, [box.corners * nearer for box in high])
        if not places.any():
            break
        boxes = _joined(boxes, _look(closer, page, detector, go_on, places), _READABLE / scale)
        seen, scale = closer, nearer
    return boxes


def _look(
    seen: Array, page: Array, detector: TextDetector, go_on: Callable[[float], None], places: Array | None
) -> list[TextBox]:
    """Looks at a page as it is seen at some size; boxes are in the page's own pixels."""
    height, width = seen.shape[:2]
    margin = _MARGIN if min(height, width) < _NARROW else 0
    if margin:
        edge = np.concatenate([seen[0], seen[-1], seen[:, 0], seen[:, -1]])
        colour = [float(shade) for shade in np.median(edge, axis=0)]
        seen = cv2.copyMakeBorder(seen, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=colour)
    likely = detector.map_of(seen, go_on, places)
    factors = np.asarray([page.shape[1] / width, page.shape[0] / height])
    last = np.asarray([page.shape[1] - 1, page.shape[0] - 1])
    return [TextBox(np.clip((box.corners - margin) * factors, 0, last), box.likely) for box in boxes_of(likely)]


def _fine_detail(closer: Array, seen: Array, readable: Sequence[Array]) -> Array:
    """Returns where the nearer view shows what may be letters that the farther one did not, as (height, width).

    Args:
        closer: The nearer view.
        seen: The farther one.
        readable: The corners of what was seen well, in pixels of the nearer view.
    """
    height, width = closer.shape[:2]
    blocks = (max(1, width // _BLOCK), max(1, height // _BLOCK))
    nearer, farther = (cv2.cvtColor(view, cv2.COLOR_RGB2GRAY) for view in (closer, seen))
    farther = cv2.resize(farther, (width, height), interpolation=cv2.INTER_LINEAR)
    lost = (cv2.absdiff(nearer, farther) > _STRONG).astype(np.float32)
    dense = (cv2.resize(lost, blocks, interpolation=cv2.INTER_AREA) > _DENSE).astype(np.uint8)
    to_blocks = np.asarray(blocks) / np.asarray([width, height])
    for corners in readable:
        cv2.fillConvexPoly(dense, np.rint(corners * to_blocks).astype(np.int32), 0)
    count, labels, statistics, _ = cv2.connectedComponentsWithStats(dense, connectivity=8)
    large = np.arange(count) > 0
    large &= statistics[:, cv2.CC_STAT_AREA] >= _FEWEST_BLOCKS
    kept = cv2.dilate(large[labels].astype(np.uint8), np.ones((5, 5), np.uint8))
    return np.asarray(cv2.resize(kept, (width, height), interpolation=cv2.INTER_NEAREST), dtype=bool)


def _joined(earlier: Sequence[TextBox], later: Sequence[TextBox], readable: float) -> list[TextBox]:
    """Adds the boxes of a nearer look. Of two at one place the earlier stays where it is high enough to be readable."""
    if not earlier or not later:
        return [*earlier, *later]
    middles_of_earlier, middles_of_later = (np.asarray([box.middle for box in boxes]) for boxes in (earlier, later))
    same = np.asarray([_holds(box, middles_of_later) for box in earlier])
    same |= np.asarray([_holds(box, middles_of_earlier) for box in later]).T
    stays = np.asarray([_thickness(box) >= readable for box in earlier])
    kept = [box for box, stay, pairs in zip(earlier, stays, same, strict=True) if stay or not pairs.any()]
    return kept + [box for box, pairs in zip(later, same.T, strict=True) if not (pairs & stays).any()]


def _holds(box: TextBox, points: Array) -> Array:
    """Says which of (n, 2) points lie in a box."""
    sides = np.roll(box.corners, -1, axis=0) - box.corners
    offsets = points[:, None] - box.corners[None]
    across = sides[None, :, 0] * offsets[..., 1] - sides[None, :, 1] * offsets[..., 0]
    inside: Array = (across >= 0).all(axis=1)
    return inside


def _thickness(box: TextBox) -> float:
    return min(box.width, box.height)


def _resized(page: Array, scale: float) -> Array:
    if scale == 1:
        return page
    size = (max(1, round(page.shape[1] * scale)), max(1, round(page.shape[0] * scale)))
    return np.asarray(cv2.resize(page, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC))
