"""Blur, sharpening, enlarging and taking out colours, as functions of arrays.

Images are bytes of shape (height, width, 3), or 4 with transparency. Strengths go from 0, nothing, to 1, the most.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import cv2
import numpy as np

from orchestrion_host.worker.library_types import Array

Picture: TypeAlias = Array
"""Bytes of shape (height, width, 3 or 4): red, green, blue, and how opaque."""

_MOST_BLUR: Final = 0.04
_LARGEST_KERNEL_SIGMA: Final = 8.0
_MOST_SHARPENING: Final = 2.0
_SHARPENING_RADIUS: Final = 1 / 1000
_SMALLEST_SHARPENING_RADIUS: Final = 0.8


def blur(image: Picture, strength: float) -> Picture:
    """Blurs with a Gaussian whose standard deviation is, at the most, a 25th of the shorter side.

    It goes with the size of the image, so that the same strength looks the same on a thumbnail and on a photograph of
    twelve million pixels. What is transparent stays so, and lends no colour to what is seen.
    """
    sigma = strength * _MOST_BLUR * min(image.shape[:2])
    if sigma <= 0:
        return image
    blurred, _ = _by_visible_colour(image, lambda samples: _gaussian(samples, sigma))
    return _with_alpha(blurred, image)


def sharpen(image: Picture, strength: float) -> Picture:
    """Adds up to twice the difference from a slightly blurred copy (an unsharp mask)."""
    amount = _MOST_SHARPENING * strength
    if amount <= 0:
        return image
    colour = np.ascontiguousarray(image[:, :, :3])
    sigma = max(_SMALLEST_SHARPENING_RADIUS, _SHARPENING_RADIUS * min(image.shape[:2]))
    blurred = cv2.GaussianBlur(colour, (0, 0), sigma)
    return _with_alpha(np.asarray(cv2.addWeighted(colour, 1 + amount, blurred, -amount, 0)), image)


def greyscale(image: Picture, strength: float) -> Picture:
    """Fades colours to a grey of the same lightness (luma of ITU-R BT.601), which is all that is left at 1."""
    colour = np.ascontiguousarray(image[:, :, :3])
    grey = cv2.cvtColor(cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return _with_alpha(np.asarray(cv2.addWeighted(grey, strength, colour, 1 - strength, 0)), image)


def resize(image: Picture, width: int, height: int) -> Picture:
    """Enlarges to a size in pixels, by Lanczos interpolation over 8 x 8 pixels."""
    enlarged, alpha = _by_visible_colour(
        image, lambda samples: np.asarray(cv2.resize(samples, (width, height), interpolation=cv2.INTER_LANCZOS4))
    )
    return enlarged if alpha is None else np.dstack([enlarged, alpha])


def _gaussian(samples: Picture, sigma: float) -> Picture:
    # A wide Gaussian takes seconds on a photograph, and leaves nothing that a reduced copy does not show as well.
    reduction = max(1, int(sigma / _LARGEST_KERNEL_SIGMA))
    height, width = samples.shape[:2]
    if reduction > 1:
        size = (max(1, width // reduction), max(1, height // reduction))
        samples = np.asarray(cv2.resize(samples, size, interpolation=cv2.INTER_AREA))
    blurred = cv2.GaussianBlur(samples, (0, 0), sigma / reduction)
    if reduction > 1:
        blurred = cv2.resize(blurred, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(blurred)


def _by_visible_colour(image: Picture, change: Callable[[Picture], Picture]) -> tuple[Picture, Picture | None]:
    """Applies a linear filter to colours weighted by how opaque they are, and to the opacity; None where there is none.

    Transparent pixels often hold black or whatever was there once, which must not bleed into their neighbours.
    """
    if image.shape[2] == 3:
        return change(np.ascontiguousarray(image)), None
    weight = image[:, :, 3].astype(np.float32)
    changed_weight = np.clip(change(weight), 0, 255)
    weight /= 255
    scale = 255 / np.maximum(changed_weight, 1e-3)
    visible = np.empty((*changed_weight.shape, 3), np.uint8)
    # One after the other: as floats, all of them take twelve bytes for each pixel, and several times that.
    for channel in range(3):
        weighted = change(image[:, :, channel] * weight)
        weighted *= scale
        weighted += 0.5
        visible[:, :, channel] = np.clip(weighted, 0, 255, out=weighted)
    return visible, (changed_weight + 0.5).astype(np.uint8)


def _with_alpha(colour: Picture, original: Picture) -> Picture:
    return colour if original.shape[2] == 3 else np.dstack([colour, original[:, :, 3]])
