"""The pages of an image file: those of a TIFF, the frames of a GIF, WebP, AVIF or PNG that moves; one of any other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageChops

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.media.image import image_files, image_inputs
from orchestrion_host.worker.media.image.page_numbers import TooManyPagesError, page_numbers

_PAGES: Final = frozenset({"DCX", "TIFF"})
"""Formats of scans: two pages may look alike and be two."""
_SMALL_SIDE: Final = 256
_SAME: Final = 12
"""Steps, of 255, by which frames may differ anywhere, reduced, and be the same: GIF spreads what colours it lacks."""


@dataclass(frozen=True, slots=True)
class ImagePage:
    """A page or a frame."""

    image: Image.Image
    """Upright, RGB or RGBA."""
    number: int
    """Its place in the file, from 1 on."""
    count: int
    """How many there are in the file."""
    is_frame: bool
    """Whether it is a moment of a picture that moves."""


def read(call: Call, name: str, max_pixels: int) -> Iterator[ImagePage]:
    """Reads the pages of an image input one after the other; frames that look like the one before are left out.

    Args:
        call: The call that brings it.
        name: The name of the input.
        max_pixels: The most pixels of a page.

    Raises:
        InvalidArgumentError: It is no image, a broken one, or a page has too many pixels.
    """
    path = call.file(name)
    with image_files.opened(call, name, max_pixels) as file:
        image_files.check_size(call, name, file.size, max_pixels)
        try:
            numbers = page_numbers(file, path)
        except TooManyPagesError as error:
            raise image_inputs.too_many_pages(call, name, error.limit) from error
        before: Image.Image | None = None
        for place, number in enumerate(numbers):
            call.raise_if_cancelled()
            if number:
                file.seek(number)
            image_files.check_size(call, name, file.size, max_pixels)
            file.load()
            page = image_inputs.upright_colour(file)
            if len(numbers) > 1 and page is file:
                # The next one is painted over it.
                page = file.copy()
            is_frame = len(numbers) > 1 and file.format not in _PAGES
            small = _reduced(page) if is_frame else None
            if before is None or small is None or not _same(before, small):
                yield ImagePage(page, place + 1, len(numbers), is_frame)
            before = small


def _reduced(image: Image.Image) -> Image.Image:
    small = image.convert("L")
    small.thumbnail((_SMALL_SIDE, _SMALL_SIDE))
    return small


def _same(first: Image.Image, second: Image.Image) -> bool:
    if first.size != second.size:
        return False
    return max(ImageChops.difference(first, second).tobytes()) < _SAME
