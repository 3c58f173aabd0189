"""Image inputs: checked by their header before anything is decoded, then turned upright."""

from __future__ import annotations

import struct
import zlib
from typing import Final

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Array
from orchestrion_host.worker.media.image.page_numbers import PAGED, page_numbers

# Pillow's own bound only warns; ours is a setting of the host and is checked in `read`.
Image.MAX_IMAGE_PIXELS = None

BROKEN: Final = (
    OSError, ValueError, TypeError, SyntaxError, EOFError, LookupError, RuntimeError, struct.error, zlib.error,
)  # fmt: skip
"""What Pillow's decoders raise at damaged files, each format in its own way."""


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
        InvalidArgumentError: It is no image, a broken one, or has too many pixels.
    """
    path = call.file(name)
    try:
        with Image.open(path) as image:
            if image.format in PAGED:
                _go_to_first_page(call, name, image)
            check_size(call, name, image, max_pixels)
            call.raise_if_cancelled()
            image.load()
            upright = upright_colour(image)
            upright.format = image.format
            return upright
    except UnidentifiedImageError as error:
        raise call.bad_input(name, "is not a picture in a format that this host reads.") from error
    except BROKEN as error:
        raise call.bad_input(name, f"cannot be read as a picture: {error}.") from error


def _go_to_first_page(call: Call, name: str, image: Image.Image) -> None:
    """Goes to the first page, past thumbnails, and notes how many there are."""
    try:
        with Image.open(call.file(name)) as pages:
            numbers = page_numbers(pages)
    except BROKEN:
        return  # What is damaged may be another page.
    call.page_counts[name] = len(numbers)
    if numbers[0]:
        image.seek(numbers[0])


def check_size(call: Call, name: str, image: Image.Image, max_pixels: int) -> None:
    """Looks at what the header says, before anything is decoded.

    Raises:
        InvalidArgumentError: It has too many pixels.
    """
    width, height = image.size
    if width * height > max_pixels:
        raise call.bad_input(
            name,
            f"has {width} x {height} = {width * height:,} pixels; this host takes at most {max_pixels:,}.",
            pixel_count=width * height,
            limit_pixel_count=max_pixels,
        )


def opaque(image: Image.Image) -> Image.Image:
    """Returns an image as RGB: what is transparent lies on white, as on a page."""
    if image.mode != "RGBA":
        return image
    page = Image.new("RGB", image.size, "white")
    page.paste(image, mask=image.getchannel("A"))
    return page


def upright_colour(image: Image.Image) -> Image.Image:
    """Returns a decoded image as RGB or, where it has transparency, RGBA; turned as its EXIF data say."""
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith(("I", "F")):
        return Image.fromarray(_eight_bits(np.asarray(upright))).convert("RGB")
    coloured = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    if upright.mode not in ("RGB", "RGBA", "P"):
        # The profile of an ink or a grey would be taken for one of red, green and blue.
        coloured.info.pop("icc_profile", None)
    return coloured


def _eight_bits(samples: Array) -> Array:
    """Spreads samples of more than 8 bits over 0 to 255: scans and measurements rarely use the whole range."""
    finite: Array = np.nan_to_num(samples.astype(np.float32), posinf=0.0, neginf=0.0)
    low, high = float(finite.min()), float(finite.max())
    if low == high:
        # One shade alone has no range to spread: it keeps its place among the 16 bits.
        return np.full(finite.shape, min(max(low / 257, 0.0), 255.0), np.uint8)
    scaled = (finite - low) * (255.0 / (high - low))
    return scaled.astype(np.uint8)
