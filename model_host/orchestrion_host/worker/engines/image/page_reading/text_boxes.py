"""From the map of likely text to the boxes of lines: differentiable binarization (Liao et al., 2020), its second half.

Stretches of likely pixels become rectangles, which may be tilted. The network was taught stretches that are narrower
than the text, so the rectangles are widened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np

from orchestrion_host.worker.library_types import Array

_LIKELY: Final = 77
"""Of 255: a pixel that is more likely than 0.3 counts as one of text."""
_LEAST_MEAN: Final = 0.5
"""A rectangle whose pixels are less likely than that on average is no text."""
_WIDENED: Final = 1.6
"""By how much of area over circumference each side moves out."""
_SMALLEST: Final = 3.0
"""Pixels of the shorter side before it is widened."""

_Rectangle: TypeAlias = tuple[Sequence[float], Sequence[float], float]
"""Middle, width and height, and tilt in degrees, as OpenCV has them."""


@dataclass(frozen=True, slots=True)
class TextBox:
    """A rectangle with a line of text, or what looks like one."""

    corners: Array
    """(4, 2) of x and y in pixels, clockwise, from the left upper one."""
    likely: float
    """How likely there is text in it, 0 to 1."""

    @property
    def width(self) -> float:
        """The length of the upper side, in pixels."""
        return float(np.linalg.norm(self.corners[1] - self.corners[0]))

    @property
    def height(self) -> float:
        """The length of the left side, in pixels."""
        return float(np.linalg.norm(self.corners[3] - self.corners[0]))

    @property
    def middle(self) -> tuple[float, float]:
        """The x and y of its middle."""
        x, y = self.corners.mean(axis=0)
        return float(x), float(y)

    @property
    def is_tall(self) -> bool:
        """Whether it is clearly higher than wide: a line of a page on its side, or letters below each other."""
        return self.height >= 1.5 * self.width

    def scaled(self, x_factor: float, y_factor: float) -> TextBox:
        """Returns the box in an image that is larger by these factors."""
        return TextBox(self.corners * np.asarray([x_factor, y_factor]), self.likely)


def boxes_of(likely: Array) -> list[TextBox]:
    """Returns the boxes in a map of (height, width), 0 to 255; in its pixels, and within it."""
    mask = cv2.dilate((likely > _LIKELY).astype(np.uint8), np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    height, width = likely.shape
    boxes: list[TextBox] = []
    for contour in contours:
        rectangle = cv2.minAreaRect(contour)
        if min(rectangle[1]) < _SMALLEST:
            continue
        mean = _mean(likely, cv2.boxPoints(rectangle))
        if mean < _LEAST_MEAN:
            continue
        corners = _clockwise(cv2.boxPoints(_widened(rectangle)))
        corners = np.clip(corners, 0, np.asarray([width - 1, height - 1]))
        box = TextBox(corners, mean)
        if min(box.width, box.height) > _SMALLEST:
            boxes.append(box)
    return boxes


def _widened(rectangle: _Rectangle) -> _Rectangle:
    middle, (width, height), angle = rectangle
    out = _WIDENED * width * height / max(1e-6, 2 * (width + height))
    return middle, (width + 2 * out, height + 2 * out), angle


def _mean(likely: Array, corners: Array) -> float:
    """Returns how likely the pixels of a rectangle are on average, 0 to 1."""
    height, width = likely.shape
    first = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, [width - 1, height - 1])
    last = np.clip(np.ceil(corners.max(axis=0)).astype(int), 0, [width - 1, height - 1])
    mask = np.zeros((last[1] - first[1] + 1, last[0] - first[0] + 1), np.uint8)
    cv2.fillPoly(mask, [(corners - first).astype(np.int32)], 1)
    return float(cv2.mean(likely[first[1] : last[1] + 1, first[0] : last[0] + 1], mask)[0]) / 255


def _clockwise(corners: Array) -> Array:
    """Orders the corners of a rectangle: left upper, right upper, right lower, left lower."""
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    left, right = by_x[:2], by_x[2:]
    (left_upper, left_lower), (right_upper, right_lower) = (side[np.argsort(side[:, 1])] for side in (left, right))
    return np.asarray([left_upper, right_upper, right_lower, left_lower], dtype=np.float64)
