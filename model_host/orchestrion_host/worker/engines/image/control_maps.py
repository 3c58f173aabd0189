"""Soft edges, straight lines and rough strokes, white on black, by classical methods.

They stand in for the networks HED and M-LSD and for scribbles by hand, which ControlNets were taught with. Strokes go
with the size of the image: figures are those of images whose shorter side has 512 pixels, as in that teaching.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from orchestrion_host.worker.library_types import Array

Picture: TypeAlias = npt.NDArray[np.uint8]
"""Bytes of shape (height, width, 3): red, green, blue."""

Drawing: TypeAlias = npt.NDArray[np.uint8]
"""Bytes of shape (height, width): white on black."""

_TAUGHT_SIDE: Final = 512
# What is larger is looked at in a reduced copy: it shows the same edges in a fraction of the time.
_LONGEST_SIDE: Final = 1536
MOST_PIXELS: Final = _LONGEST_SIDE**2
"""The most pixels that are looked at closely."""
_SCALES: Final = (1.5, 3.0, 6.0)
# Nobody scribbles the hair of a cat.
_SCRIBBLE_SCALES: Final = (4.0, 8.0)
# The strength, in shares of all pixels, that is drawn white; a few stronger ones would leave all others dark.
_WHITE_SHARE: Final = 0.985
# Changes below this, in levels of lightness per pixel, are noise: an image of one shade has no edges.
_LEAST_WHITE: Final = 6.0
_THIN_SHARE: Final = 0.75
_SHORTEST_LINE: Final = 0.08
_STROKE: Final = 5.0
_STROKE_LEVEL: Final = 0.5


def soft_edges(image: Picture) -> Drawing:
    """Draws edges the stronger the more the image changes there, on three scales at once, thinned but soft."""
    height, width = image.shape[:2]
    small = _reduced(image)
    return _resized(np.asarray(_strengths(small, _SCALES) * 255 + 0.5).astype(np.uint8), width, height)


def straight_lines(image: Picture) -> Drawing:
    """Draws the longer straight line segments (LSD, Grompone von Gioi et al., 2010)."""
    height, width = image.shape[:2]
    small = _reduced(image)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    lines = cv2.createLineSegmentDetector(cv2.LSD_REFINE_STD).detect(grey)[0]
    drawing = np.zeros((height, width), np.uint8)
    if lines is None:
        return drawing
    segments = np.asarray(lines).reshape(-1, 2, 2)
    lengths = np.linalg.norm(segments[:, 1] - segments[:, 0], axis=1)
    long = segments[lengths >= _SHORTEST_LINE * math.hypot(*grey.shape)] * (width / grey.shape[1])
    thickness = max(1, round(min(height, width) / _TAUGHT_SIDE))
    for start, end in long.round().astype(int).tolist():
        cv2.line(drawing, start, end, 255, thickness, cv2.LINE_AA)
    return drawing


def scribble(image: Picture) -> Drawing:
    """Draws the strongest edges as thick, rough strokes, as if by hand."""
    height, width = image.shape[:2]
    small = _reduced(image)
    unit = min(small.shape[:2]) / _TAUGHT_SIDE
    strong = (_strengths(small, _SCRIBBLE_SCALES) >= _STROKE_LEVEL).astype(np.uint8) * 255
    side = max(3, round(_STROKE * unit)) | 1
    thick = cv2.dilate(strong, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    # Blurring and cutting anew rounds corners off and lets neighbours grow together.
    rounded = cv2.GaussianBlur(thick, (0, 0), max(0.8, _STROKE / 2 * unit))
    large = cv2.resize(rounded, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.where(np.asarray(large) > 127, 255, 0).astype(np.uint8)


def _reduced(image: Picture) -> Picture:
    height, width = image.shape[:2]
    factor = _LONGEST_SIDE / max(height, width)
    if factor >= 1:
        return np.ascontiguousarray(image)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))


def _resized(drawing: Drawing, width: int, height: int) -> Drawing:
    if drawing.shape == (height, width):
        return drawing
    return np.asarray(cv2.resize(drawing, (width, height), interpolation=cv2.INTER_CUBIC))


def _strengths(image: Picture, scales: Sequence[float]) -> Array:
    """Returns how much of an edge each pixel is, 0 to 1: the mean over the scales."""
    unit = min(image.shape[:2]) / _TAUGHT_SIDE
    # In Lab, colours that look different are different, also where they are equally light.
    lab = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2LAB)).astype(np.float32)
    total = np.zeros(image.shape[:2], np.float32)
    for scale in scales:
        sigma = max(0.6, scale * unit)
        blurred = cv2.GaussianBlur(lab, (0, 0), sigma)
        # Steps lose steepness by the blur, in proportion to it.
        across = cv2.Sobel(blurred, cv2.CV_32F, 1, 0) * (sigma / 8)
        down = cv2.Sobel(blurred, cv2.CV_32F, 0, 1) * (sigma / 8)
        change = np.hypot(across, down)
        channel = change.argmax(axis=2)[:, :, None]
        magnitude = np.take_along_axis(change, channel, 2)[:, :, 0]
        thin = _thinned(
            magnitude, np.take_along_axis(across, channel, 2)[:, :, 0], np.take_along_axis(down, channel, 2)[:, :, 0]
        )
        # The ridge gives the place, the magnitude the softness beside it.
        ridge = cv2.GaussianBlur(thin, (0, 0), max(0.6, sigma / 2)) * max(1.0, sigma)
        mixed = _THIN_SHARE * np.minimum(ridge, magnitude) + (1 - _THIN_SHARE) * magnitude
        white = max(_LEAST_WHITE, float(np.quantile(mixed, _WHITE_SHARE)))
        total += np.minimum(mixed / white, 1)
    return total / len(scales)


def _thinned(
    magnitude: npt.NDArray[np.float32], across: npt.NDArray[np.float32], down: npt.NDArray[np.float32]
) -> Array:
    """Keeps what is a maximum in the direction in which the image changes (non-maximum suppression)."""
    padded = np.pad(magnitude, 1)
    rows, columns = np.indices(magnitude.shape) + 1
    steps = np.round(np.arctan2(down, across) / (math.pi / 4)).astype(int) % 4
    right = np.array([1, 1, 0, -1])[steps]
    below = np.array([0, 1, 1, 1])[steps]
    ahead = padded[rows + below, columns + right]
    behind = padded[rows - below, columns - right]
    return np.where((magnitude >= ahead) & (magnitude > behind), magnitude, 0).astype(np.float32)
