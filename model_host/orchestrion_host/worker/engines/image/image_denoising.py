"""Noise removal from images, tile by tile, so that it can be followed and ended.

The method is non-local means (Buades, Coll and Morel, 2005), as OpenCV has it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

Picture: TypeAlias = npt.NDArray[np.uint8]
"""Bytes of shape (height, width, 3 or 4): red, green, blue, and how opaque."""

_TILE_SIDE: Final = 256
_TEMPLATE_SIDE: Final = 7
# Twice as wide a search takes four times as long. Large images have more pixels of the same surface close by.
_SEARCH_SIDE: Final = 21
_SEARCH_SIDE_OF_LARGE: Final = 11
_LARGE_PIXELS: Final = 2_000_000
_MOST_FILTERING: Final = 20.0


def denoise(image: Picture, strength: float, on_progress: Callable[[float], None]) -> Picture:
    """Replaces each pixel by a mean of those around it whose surroundings look alike.

    Args:
        image: Bytes of shape (height, width, 3 or 4). Transparency stays as it is.
        strength: From 0, nothing, to 1. 0.5 filters with h = 10 for lightness and for colour, which suits noise with a
            standard deviation of about 10 to 20 levels.
        on_progress: Called before each tile with what is done, 0 to 1; may raise to end the work.
    """
    if strength <= 0:
        return image
    # OpenCV turns the colours into lightness and two of colour, and takes blue to be the first.
    colour = np.ascontiguousarray(image[:, :, 2::-1])
    cleaned = np.empty_like(colour)
    height, width = colour.shape[:2]
    search = _SEARCH_SIDE if height * width <= _LARGE_PIXELS else _SEARCH_SIDE_OF_LARGE
    # How far a pixel of the result looks. With as much overlap, tiles are what the whole image would have given.
    reach = _TEMPLATE_SIDE // 2 + search // 2
    corners = [(top, left) for top in range(0, height, _TILE_SIDE) for left in range(0, width, _TILE_SIDE)]
    filtering = strength * _MOST_FILTERING
    for number, (top, left) in enumerate(corners):
        on_progress(number / len(corners))
        bottom, right = min(height, top + _TILE_SIDE), min(width, left + _TILE_SIDE)
        from_top, from_left = max(0, top - reach), max(0, left - reach)
        tile = np.ascontiguousarray(colour[from_top : bottom + reach, from_left : right + reach])
        filtered = cv2.fastNlMeansDenoisingColored(tile, None, filtering, filtering, _TEMPLATE_SIDE, search)
        cleaned[top:bottom, left:right] = filtered[
            top - from_top : bottom - from_top, left - from_left : right - from_left
        ]
    result = image.copy()
    result[:, :, :3] = cleaned[:, :, ::-1]
    return result
