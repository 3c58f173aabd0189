"""Image inputs: checked by their header before anything is decoded, then turned upright, with few copies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from PIL import ExifTags, Image, ImageOps

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Array
from orchestrion_host.worker.media.image import image_files
from orchestrion_host.worker.media.image.page_numbers import PAGED, TooManyPagesError, page_numbers

_STRIP_PIXELS: Final = 1 << 20
"""Pixels that are turned into an array at once: Pillow holds them twice meanwhile."""


def read(call: Call, name: str, max_pixels: int) -> Image.Image:
    """Reads an image input as upright RGB or, where it has transparency, RGBA.

    Its `format` is that of the file. Of a file with several pages or frames, it is the first, and the result of the
    call says how many there are; `image_pages` has all.
    A colour profile stays in `info` where it fits the colours that come out.

    Args:
        call: The call that brings it.
        name: The name of the input.
        max_pixels: The most pixels that are decoded.

    Raises:
        InvalidArgumentError: It is no image, a broken one, has too many pixels or pages, or an extreme shape.
    """
    with image_files.opened(call, name, max_pixels) as image:
        image_files.check_size(call, name, image.size, max_pixels)
        if image.format in PAGED:
            _go_to_first_page(call, name, image, max_pixels)
            image_files.check_size(call, name, image.size, max_pixels)
        call.raise_if_cancelled()
        image.load()
        upright = upright_colour(image)
        upright.format = image.format
        return upright


def pixels(image: Image.Image) -> Array:
    """Returns an image as bytes of shape (height, width, channels), or (height, width) where it has one channel.

    The same as `numpy.asarray`, which takes the memory of another copy for a while.
    """
    if image.width * image.height <= _STRIP_PIXELS:
        return np.asarray(image)
    channels = len(image.getbands())
    made = np.empty((image.height, image.width, channels) if channels > 1 else (image.height, image.width), np.uint8)
    for top, bottom in _strips(image):
        made[top:bottom] = np.asarray(image.crop((0, top, image.width, bottom)))
    return made


def _go_to_first_page(call: Call, name: str, image: Image.Image, max_pixels: int) -> None:
    """Goes to the first page, past thumbnails, and notes how many there are."""
    path = call.file(name)
    try:
        with image_files.header_of(path, max_pixels) as pages:
            numbers = page_numbers(pages, path)
    except TooManyPagesError as error:
        raise too_many_pages(call, name, error.limit) from error
    except (*image_files.BROKEN, Image.DecompressionBombError):
        return  # What is damaged may be another page.
    call.page_counts[name] = len(numbers)
    if numbers[0]:
        image.seek(numbers[0])


def too_many_pages(call: Call, name: str, limit: int) -> Exception:
    """Builds the error for a file with more images than are counted."""
    problem = f"has more than {limit:,} pages or frames, which is the most that is read. Send it in parts."
    return call.bad_input(name, problem, limit_page_count=limit)


def opaque(image: Image.Image) -> Image.Image:
    """Returns an image as RGB: what is transparent lies on white, as on a page."""
    if image.mode != "RGBA":
        return image
    page = Image.new("RGB", image.size, "white")
    page.paste(image, mask=image.getchannel("A"))
    return page


def upright_colour(image: Image.Image) -> Image.Image:
    """Returns a decoded image as RGB or, where it has transparency, RGBA; turned as its EXIF data say.

    What is so already is returned itself.
    """
    turned = image.getexif().get(ExifTags.Base.Orientation, 1) != 1
    upright = ImageOps.exif_transpose(image) if turned else image
    if upright.mode.startswith(("I", "F")):
        return _eight_bits(upright).convert("RGB")
    mode = "RGBA" if upright.has_transparency_data else "RGB"
    coloured = upright if upright.mode == mode else upright.convert(mode)
    if upright.mode not in ("RGB", "RGBA", "P"):
        # The profile of an ink or a grey would be taken for one of red, green and blue.
        coloured.info.pop("icc_profile", None)
    return coloured


def _eight_bits(image: Image.Image) -> Image.Image:
    """Spreads samples of more than 8 bits over 0 to 255: scans and measurements rarely use the whole range."""
    low, high = float("inf"), float("-inf")
    for _, samples in _samples(image):
        low, high = min(low, float(samples.min())), max(high, float(samples.max()))
    if low == high:
        # One shade alone has no range to spread: it keeps its place among the 16 bits.
        return Image.new("L", image.size, int(min(max(low / 257, 0.0), 255.0)))
    made = Image.new("L", image.size)
    for top, samples in _samples(image):
        scaled = (samples - low) * (255.0 / (high - low))
        made.paste(Image.fromarray(scaled.astype(np.uint8)), (0, top))
    return made


def _samples(image: Image.Image) -> Iterator[tuple[int, Array]]:
    """Yields the samples of an image strip by strip, each with the row it begins at; what is no number is 0."""
    for top, bottom in _strips(image):
        strip = np.asarray(image.crop((0, top, image.width, bottom))).astype(np.float32)
        yield top, np.nan_to_num(strip, copy=False, posinf=0.0, neginf=0.0)


def _strips(image: Image.Image) -> Iterator[tuple[int, int]]:
    """Cuts an image into strips of about `_STRIP_PIXELS`, each as its first row and the one behind its last."""
    rows = max(1, _STRIP_PIXELS // max(1, image.width))
    for top in range(0, image.height, rows):
        yield top, min(image.height, top + rows)
