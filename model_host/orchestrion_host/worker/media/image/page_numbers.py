"""Which images of a file are its pages: all of a scan's, the frames of what moves, but no thumbnails and masks."""

from __future__ import annotations

from typing import Final

from PIL import Image

PAGED: Final = frozenset({"AVIF", "DCX", "GIF", "PNG", "TIFF", "WEBP"})
"""Other formats have further images that are none of the picture: depths, layers, smaller copies."""
_KIND_TAG: Final = 254
"""TIFF's NewSubfileType: 1 is a smaller copy of another page, 4 a mask."""
_NO_PAGE: Final = 1 | 4


def page_numbers(file: Image.Image) -> list[int]:
    """Returns the places of the pages or frames of an open file, from 0 on; it stands at the first afterwards.

    Raises:
        OSError: The file is damaged; others of `image_inputs.BROKEN` as well.
    """
    count = int(getattr(file, "n_frames", 1)) if file.format in PAGED else 1
    if file.format != "TIFF" or count == 1:
        return list(range(count))
    numbers = []
    for number in range(count):
        file.seek(number)
        kind = file.getexif().get(_KIND_TAG, 0)
        if not (isinstance(kind, int) and kind & _NO_PAGE):
            numbers.append(number)
    numbers = numbers or [0]
    file.seek(numbers[0])
    return numbers
