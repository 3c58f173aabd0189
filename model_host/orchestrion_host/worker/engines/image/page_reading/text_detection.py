"""Where text is in an image: PP-OCR's detector, which says for each pixel how likely it is one of text.

An image of any size is shown to it in tiles that overlap, each at the size that it has. The answers are joined to one
map before anything is looked for in it, so a line that crosses a seam is one line, and memory grows with the map alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from orchestrion_host.worker.engines.image.page_reading import sessions
from orchestrion_host.worker.library_types import Array, Session

TILE_SIDE: Final = 800
"""The longest side of a tile in pixels. A session takes 200 MB for tiles of that size, 700 MB for those of 1,600."""
_OVERLAP: Final = 96
"""Pixels that neighbours share. What is nearer to a seam than half of them is taken from the other tile."""
_STEP: Final = 32
"""The network halves its input five times."""


class TextDetector:
    """The network."""

    def __init__(self, path: Path) -> None:
        """Opens the model file."""
        self._session: Session = sessions.start(path)
        self._input: str = self._session.get_inputs()[0].name

    def map_of(self, image: Array, go_on: Callable[[float], None], looked_at: Array | None = None) -> Array:
        """Returns how likely each pixel is one of text, as (height, width) of 0 to 255.

        Args:
            image: (height, width, 3) of 0 to 255: red, green, blue.
            go_on: Called before each tile with what is done, 0 to 1; may raise to end the work.
            looked_at: (height, width) of truth values: tiles without a true one are passed over. None for all.
        """
        height, width = image.shape[:2]
        likely: Array = np.zeros((height, width), np.uint8)
        tiles = [
            (rows, columns)
            for rows in spans(height)
            for columns in spans(width)
            if looked_at is None or looked_at[slice(*rows), slice(*columns)].any()
        ]
        for number, (rows, columns) in enumerate(tiles):
            go_on(number / len(tiles))
            part = self._likely(image[slice(*rows), slice(*columns)])
            own_rows, own_columns = own(rows, height), own(columns, width)
            likely[slice(*own_rows), slice(*own_columns)] = part[
                own_rows[0] - rows[0] : own_rows[1] - rows[0], own_columns[0] - columns[0] : own_columns[1] - columns[0]
            ]
        return likely

    def _likely(self, tile: Array) -> Array:
        height, width = tile.shape[:2]
        # What is missing to whole steps goes on as the edge does: another colour would be an edge that is none.
        padded = cv2.copyMakeBorder(tile, 0, -height % _STEP, 0, -width % _STEP, cv2.BORDER_REPLICATE)
        # The network was taught blue, green and red.
        batch = np.ascontiguousarray(padded.transpose(2, 0, 1)[None, ::-1], dtype=np.float32) / 127.5 - 1.0
        (likely,) = self._session.run(None, {self._input: batch})
        return np.asarray(np.rint(likely[0, 0, :height, :width] * 255), dtype=np.uint8)


def spans(size: int) -> Iterator[tuple[int, int]]:
    """Cuts a side into stretches of equal length that overlap, each as (first, end) in pixels."""
    count = max(1, -(-(size - _OVERLAP) // (TILE_SIDE - _OVERLAP)))
    length = -(-(size + (count - 1) * _OVERLAP) // count)
    for number in range(count):
        first = min(number * (length - _OVERLAP), max(0, size - length))
        yield first, min(size, first + length)


def own(span: tuple[int, int], size: int) -> tuple[int, int]:
    """Returns the part of a stretch that no neighbour has a better sight of."""
    first, end = span
    return first + (_OVERLAP // 2 if first > 0 else 0), end - (_OVERLAP // 2 if end < size else 0)
