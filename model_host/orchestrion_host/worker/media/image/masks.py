"""Segments of images: drawn over the image, as a map of their numbers, and as images white on black."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from orchestrion_host.worker.library_types import Array
from orchestrion_host.worker.media.image import image_inputs
from orchestrion_host.worker.media.image.detections import Box

Mask: TypeAlias = npt.NDArray[np.bool_]
"""Of shape (height, width): which pixels belong."""

_OPACITY: Final = 0.5
_STRIP_PIXELS: Final = 1 << 20
_LETTER_SHARE: Final = 1 / 40
_SMALLEST_LETTER: Final = 11
_COLOURS: Final = (
    (0, 200, 83), (255, 64, 129), (41, 121, 255), (255, 214, 0), (170, 0, 255), (0, 229, 255), (255, 109, 0),
    (118, 255, 3), (213, 0, 0), (48, 79, 254), (0, 191, 165), (255, 171, 0),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class MaskedArea:
    """A part of an image that belongs together."""

    label: str
    """What it is; empty where that is not known."""
    mask: Mask


def box_of(mask: Mask) -> Box:
    """Returns the smallest box around a mask, which must not be empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return Box(float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))


def drawn_over(image: Image.Image, segments: Iterable[MaskedArea]) -> Image.Image:
    """Returns a copy of an image with each segment in a colour that shines through, outlined and named.

    Args:
        image: RGB or RGBA; what is drawn is opaque.
        segments: As large as the image, taken one after the other, since many of them would fill the memory. Each
            label has a colour of its own; segments without one take turns.
    """
    pixels = image_inputs.pixels(image if image.mode == "RGB" else image.convert("RGB"))
    if not pixels.flags.writeable:
        pixels = pixels.copy()
    names: list[tuple[str, tuple[float, float]]] = []
    for number, segment in enumerate(segments):
        colour = np.array(_colour(segment.label, number), dtype=np.uint16)
        # Row by row in strips: as floats, a segment that fills a photograph would take gigabytes.
        rows = max(1, _STRIP_PIXELS // image.width)
        for top in range(0, image.height, rows):
            strip, mask = pixels[top : top + rows], segment.mask[top : top + rows]
            inside = strip[mask].astype(np.uint16)
            strip[mask] = (inside * (1 - _OPACITY) + colour * _OPACITY).astype(np.uint8)
        pixels[_edge(segment.mask)] = colour.astype(np.uint8)
        if segment.label:
            names.append((segment.label, _middle(segment.mask)))
    drawn = Image.fromarray(pixels)
    letter = round(max(image.size) * _LETTER_SHARE)
    if letter >= _SMALLEST_LETTER:
        draw = ImageDraw.Draw(drawn)
        font = ImageFont.load_default(size=letter)
        for name, place in names:
            draw.text(place, name, fill="white", stroke_fill="black", stroke_width=letter // 8, anchor="mm", font=font)
    if image.mode == "RGBA":
        drawn.putalpha(image.getchannel("A"))
    return drawn


def numbered(numbers: Array) -> Image.Image:
    """Returns a map of segments as an image whose pixels are their numbers: 8 bits, or 16 where there are more.

    Args:
        numbers: Integers of shape (height, width), from 0 to 65,535.
    """
    small = int(numbers.max(initial=0)) < 1 << 8
    return Image.fromarray(numbers.astype(np.uint8 if small else np.uint16))


def white_on_black(mask: Mask) -> Image.Image:
    """Returns a mask as an image."""
    return Image.fromarray(mask.astype(np.uint8) * 255)


def _colour(label: str, number: int) -> tuple[int, int, int]:
    return _COLOURS[(zlib.crc32(label.encode()) if label else number) % len(_COLOURS)]


def _edge(mask: Mask) -> Mask:
    """Returns the pixels of a mask that have a neighbour outside it."""
    inner = mask.copy()
    inner[1:] &= mask[:-1]
    inner[:-1] &= mask[1:]
    inner[:, 1:] &= mask[:, :-1]
    inner[:, :-1] &= mask[:, 1:]
    edge: Mask = mask & ~inner
    return edge


def _middle(mask: Mask) -> tuple[float, float]:
    """Returns a place inside a mask for its name: that of its pixels which is nearest to their mean."""
    # Of a large one every second row and column tells as much, or every third.
    stride = max(1, round((mask.size / _STRIP_PIXELS) ** 0.5))
    reduced = mask[::stride, ::stride]
    if not reduced.any():
        stride, reduced = 1, mask
    rows, columns = (places * stride for places in np.nonzero(reduced))
    step = max(1, len(rows) // 4096)
    rows, columns = rows[::step], columns[::step]
    nearest = int(np.argmin((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2))
    return float(columns[nearest]), float(rows[nearest])
