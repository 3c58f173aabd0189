"""Boxes and labels drawn on images, of a size that is seen on a thumbnail and on twelve million pixels alike."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from orchestrion_host.worker.media.image.detections import Box, Detection

_LINE_SHARE: Final = 1 / 250
_LETTER_SHARE: Final = 1 / 40
_SMALLEST_LETTER: Final = 11
# Colours that stay apart from each other and from most photographs, with the colour of text that is read on each.
_COLOURS: Final = (
    ("#00c853", "black"),
    ("#ff4081", "white"),
    ("#2979ff", "white"),
    ("#ffd600", "black"),
    ("#aa00ff", "white"),
    ("#00e5ff", "black"),
    ("#ff6d00", "black"),
)


def with_boxes(image: Image.Image, detections: Sequence[Detection]) -> Image.Image:
    """Returns a copy of an image with a box around each thing found, and its label and score above.

    Args:
        image: RGB or RGBA; what is drawn is opaque.
        detections: Boxes in pixels of this image. Each label has a colour of its own, the same in every image.
    """
    drawn = image.copy()
    draw = ImageDraw.Draw(drawn)
    side = max(image.size)
    line = max(2, round(side * _LINE_SHARE))
    # Small images have no room for words beside the boxes.
    letter = round(side * _LETTER_SHARE)
    font = ImageFont.load_default(size=letter) if letter >= _SMALLEST_LETTER else None
    # The surest is drawn last, on top of the others.
    for detection in reversed(detections):
        colour, text_colour = _COLOURS[zlib.crc32(detection.label.encode()) % len(_COLOURS)]
        box = detection.box.within(image.width - 1, image.height - 1)
        # Thinner lines around small things, which would be covered otherwise.
        width = max(1, min(line, round(min(box.width, box.height) / 8)))
        draw.rectangle((box.x_min, box.y_min, box.x_max, box.y_max), outline=colour, width=width)
        if font is not None:
            text = f"{detection.label} {detection.score:.2f}"
            left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
            margin = (bottom - top) // 4 + 1
            sign = _place(box, right - left + 2 * margin, bottom - top + 2 * margin, image.width)
            draw.rectangle((sign.x_min, sign.y_min, sign.x_max, sign.y_max), fill=colour)
            draw.text((sign.x_min + margin - left, sign.y_min + margin - top), text, fill=text_colour, font=font)
    return drawn


def _place(box: Box, width: float, height: float, right_edge: float) -> Box:
    """Puts a sign above a box where there is room, else inside it; never beyond the right edge."""
    x = max(0.0, min(box.x_min, right_edge - width))
    y = box.y_min - height if box.y_min >= height else box.y_min
    return Box(x, y, x + width, y + height)
