"""Which images of a file are its pages: all of a scan's, the frames of what moves, but no thumbnails and masks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from PIL import Image

from orchestrion_host.worker.media.image import gif_frames

PAGED: Final = frozenset({"AVIF", "DCX", "GIF", "PNG", "TIFF", "WEBP"})
"""Other formats have further images that are none of the picture: depths, layers, smaller copies."""
MOST_PAGES: Final = 2_000
"""The most images of a TIFF: counting them reads the header of each."""
MOST_FRAMES: Final = 20_000
"""The most frames of a picture that moves."""
_KIND_TAG: Final = 254
"""TIFF's NewSubfileType: 1 is a smaller copy of another page, 4 a mask."""
_NO_PAGE: Final = 1 | 4


class TooManyPagesError(Exception):
    """A file has more images than are counted."""

    def __init__(self, limit: int) -> None:
        """Keeps the most that there may be."""
        super().__init__(f"more than {limit:,} images")
        self.limit = limit
        """The most that there may be."""


def page_numbers(file: Image.Image, path: Path) -> list[int]:
    """Returns the places of the pages or frames of an open file, from 0 on; it stands at the first afterwards.

    Args:
        file: The file, as Pillow opened it.
        path: Where it is.

    Raises:
        TooManyPagesError: It has more than `MOST_PAGES` or `MOST_FRAMES`.
        OSError: The file is damaged; others of `image_files.BROKEN` as well.
    """
    if file.format == "TIFF":
        numbers = [number for number in _places(file) if not _is_no_page(file)]
        numbers = numbers or [0]
        file.seek(numbers[0])
        return numbers
    count = 1
    if file.format == "GIF":
        count = max(1, gif_frames.count(path, MOST_FRAMES))
    elif file.format in PAGED:
        count = int(getattr(file, "n_frames", 1))
    if count > MOST_FRAMES:
        raise TooManyPagesError(MOST_FRAMES)
    return list(range(count))


def _places(file: Image.Image) -> Iterator[int]:
    """Goes to each image of a TIFF; its directories are a chain of which nothing tells the length."""
    number = 0
    while True:
        try:
            file.seek(number)
        except EOFError:
            return
        if number == MOST_PAGES:
            raise TooManyPagesError(MOST_PAGES)
        yield number
        number += 1


def _is_no_page(file: Image.Image) -> bool:
    kind = file.getexif().get(_KIND_TAG, 0)
    return isinstance(kind, int) and bool(kind & _NO_PAGE)
