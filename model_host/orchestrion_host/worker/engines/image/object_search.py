"""Finds things in two looks: one at the whole image, then a closer one at its corners for what is small.

A network that sees 300 pixels a side misses a cow at the far end of a meadow. The closer look is for such things alone:
of larger ones it would see halves and legs, which look like other things.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from orchestrion_host.worker.library_types import Array
from orchestrion_host.worker.media.image.detections import Box, Detection, without_duplicates

_CORNER_SHARE: Final = 0.6
"""Of the sides of an image: neighbouring corners overlap by a third, so that nothing small is cut by all of them."""
_SMALL_SHARE: Final = 0.16
"""Of the area of a corner: what is larger was large enough for the first look."""
_EDGE_PIXELS: Final = 4
"""Boxes that end so near to a corner's inner edge are cut by it."""
_PART_SHARE: Final = 0.6
"""Of a box that lies inside another: it is taken for a part of that thing."""
_SMALLEST_WHOLE: Final = 0.05
"""Of the area of the box around it: what is smaller is a thing of its own, such as a tie."""


def find(
    image: Array,
    look: Callable[[Array], Sequence[Detection]],
    input_side: int,
    threshold: float,
    on_progress: Callable[[float], None],
) -> Sequence[Detection]:
    """Returns the things in an image, the surest first.

    Args:
        image: RGB bytes of shape (height, width, 3).
        look: A network: takes an image, returns detections in its pixels.
        input_side: The pixels a side that it sees; an image that is no larger gains nothing from a closer look.
        threshold: The lowest score.
        on_progress: Called between looks with what is done, 0 to 1; may raise to end the search.
    """
    height, width = image.shape[:2]
    corners = list(_corners(width, height)) if max(width, height) * _CORNER_SHARE >= input_side else []
    on_progress(0.0)
    whole = without_duplicates(item for item in look(image) if item.score >= threshold)
    small: list[Detection] = []
    for number, corner in enumerate(corners, start=1):
        on_progress(number / (len(corners) + 1))
        left, top, right, bottom = (int(side) for side in (corner.x_min, corner.y_min, corner.x_max, corner.y_max))
        near = (
            Detection(item.label, item.score, item.box.moved(left, top))
            for item in look(image[top:bottom, left:right])
            if item.score >= threshold
        )
        small += [item for item in near if _is_small_and_whole(item.box, corner, width, height)]
    return without_duplicates([*whole, *_without_parts(small, whole)])


def _corners(width: int, height: int) -> Iterator[Box]:
    wide, high = round(width * _CORNER_SHARE), round(height * _CORNER_SHARE)
    for top in (0, height - high):
        for left in (0, width - wide):
            yield Box(left, top, left + wide, top + high)


def _is_small_and_whole(box: Box, corner: Box, width: int, height: int) -> bool:
    cut = (
        (corner.x_min > 0 and box.x_min < corner.x_min + _EDGE_PIXELS)
        or (corner.y_min > 0 and box.y_min < corner.y_min + _EDGE_PIXELS)
        or (corner.x_max < width and box.x_max > corner.x_max - _EDGE_PIXELS)
        or (corner.y_max < height and box.y_max > corner.y_max - _EDGE_PIXELS)
    )
    return not cut and box.area < _SMALL_SHARE * corner.area


def _without_parts(small: Iterable[Detection], whole: Sequence[Detection]) -> list[Detection]:
    """Leaves out what lies inside a larger thing and may be a part of it; what may be that very thing stays."""

    def is_part(box: Box, other: Box) -> bool:
        inside = box.shared_area(other) > _PART_SHARE * box.area
        return inside and _SMALLEST_WHOLE * other.area < box.area < _PART_SHARE * other.area

    return [item for item in small if not any(is_part(item.box, other.box) for other in whole)]
