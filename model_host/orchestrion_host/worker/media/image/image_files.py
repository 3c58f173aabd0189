"""Image files: opened by a closed list of decoders, and looked at by their header before anything is decoded."""

from __future__ import annotations

import contextlib
import os
import re
import struct
import threading
import warnings
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from PIL import Image, UnidentifiedImageError

from orchestrion.errors import OrchestrionError
from orchestrion_host.worker.call import Call

FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "AVIF", "JPEG2000", "PPM", "PCX", "DCX", "TGA")
"""What Pillow may take a file for, by its own names. Others start programs (PostScript), open further files, or hold
images of other sizes than their header says (icons)."""

READABLE: Final = "PNG, JPEG, WebP, GIF, TIFF, BMP, AVIF, JPEG 2000 or PNM"
"""The formats that an error names as the cure."""

LONGEST_SIDE: Final = 65_535
"""Pixels: what JPEG has room for. Nothing longer is a picture, and libraries count sides in 16 bits."""

BROKEN: Final = (
    OSError, ValueError, TypeError, SyntaxError, EOFError, LookupError, RuntimeError, struct.error, zlib.error,
)  # fmt: skip
"""What Pillow's decoders raise at damaged files, each format in its own way."""

_PIXELS: Final = re.compile(r"\((\d+) pixels\)")

# Pillow's own bound is in force while files are open alone: what experts of others do with it is theirs.
Image.MAX_IMAGE_PIXELS = None
# Between that bound and twice as much it only warns; ours is checked in `check_size`.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
_bounds_lock: Final = threading.Lock()
_bounds: Final[list[int]] = []


@contextlib.contextmanager
def header_of(path: Path, max_pixels: int) -> Iterator[Image.Image]:
    """Opens a file of one of `FORMATS`; nothing is decoded.

    While the context lasts, Pillow itself refuses what is larger than the limit, such as a later frame or a tile.

    Raises:
        UnidentifiedImageError: It is none.
        DecompressionBombError: It has more pixels than the limit.
    """
    # Pillow refuses what has more than twice its bound. All experts of a process have the same.
    _change_bounds(_bounds.append, -(-max_pixels // 2))
    try:
        with Image.open(path, formats=FORMATS) as image:
            yield image
    finally:
        _change_bounds(_bounds.remove, -(-max_pixels // 2))


def _change_bounds(change: Callable[[int], None], bound: int) -> None:
    with _bounds_lock:
        change(bound)
        Image.MAX_IMAGE_PIXELS = max(_bounds, default=None)


@contextlib.contextmanager
def opened(call: Call, name: str, max_pixels: int) -> Iterator[Image.Image]:
    """Opens an image input; whatever decoders raise inside becomes an error that names the input.

    Args:
        call: The call that brings it.
        name: The name of the input.
        max_pixels: The most pixels of an image in it.

    Raises:
        InvalidArgumentError: It is no image, a broken one, or has too many pixels.
    """
    path = call.file(name)
    try:
        with header_of(path, max_pixels) as image:
            yield image
    except OrchestrionError:
        raise
    except Image.DecompressionBombError as error:
        raise _too_many_pixels(call, name, path, error, max_pixels) from error
    except UnidentifiedImageError as error:
        raise call.bad_input(name, _problem_of(path)) from error
    except BROKEN as error:
        raise call.bad_input(name, f"cannot be read as a picture: {error}.") from error


def check_size(call: Call, name: str, size: tuple[int, int], max_pixels: int) -> None:
    """Looks at what the header says, before anything is decoded.

    Args:
        call: The call that brings the image.
        name: The name of the input.
        size: Width and height in pixels.
        max_pixels: The most pixels.

    Raises:
        InvalidArgumentError: It has too many pixels, none, or a side that is too long.
    """
    width, height = size
    count = width * height
    problem = f"has {width:,} x {height:,} = {count:,} pixels; "
    if count > max_pixels:
        problem += f"this host takes at most {max_pixels:,} (its setting max_image_pixels)."
        raise call.bad_input(name, problem, pixel_count=count, limit_pixel_count=max_pixels)
    if max(size) > LONGEST_SIDE:
        problem += f"a side has at most {LONGEST_SIDE:,}. Cut it into parts."
        raise call.bad_input(name, problem, width=width, height=height, limit_side=LONGEST_SIDE)
    if count == 0:
        raise call.bad_input(name, f"{problem}there is nothing to see.", width=width, height=height)


def _too_many_pixels(
    call: Call, name: str, path: Path, refusal: Image.DecompressionBombError, max_pixels: int
) -> OrchestrionError:
    """Builds the error for what Pillow refused, with the sides where a header tells them."""
    try:
        check_size(call, name, _size_by_header(path), max_pixels)
    except OrchestrionError as error:
        return error
    except (Image.DecompressionBombError, *BROKEN):
        pass  # A later frame is the large one, or the decoder itself looks at the size.
    match = _PIXELS.search(str(refusal))
    count = int(match[1]) if match else 0
    limit = f"this host takes at most {max_pixels:,} (its setting max_image_pixels)"
    problem = f"has a picture of {count:,} pixels; {limit}."
    return call.bad_input(name, problem, pixel_count=count, limit_pixel_count=max_pixels)


def _size_by_header(path: Path) -> tuple[int, int]:
    with path.open("rb") as file:
        prefix = file.read(16)
        for name in FORMATS:
            factory, accept = Image.OPEN[name]
            if accept is None or accept(prefix) is True:
                file.seek(0)
                with factory(file, os.fspath(path)) as image:
                    return image.size
    return 0, 0


def _problem_of(path: Path) -> str:
    """Says why a file that no decoder takes is no picture: the rest of a sentence about an input."""
    with path.open("rb") as file:
        head = file.read(512).lstrip()
    if not head:
        return f"is an empty file. Send a picture as {READABLE}."
    if head.startswith(b"%PDF"):
        return "is a PDF, which this host does not read as a picture. Send its pages as PNG or TIFF."
    if head.startswith((b"<svg", b"<?xml")) and b"<svg" in head:
        return "is an SVG drawing, which this host does not draw. Send it as PNG."
    return f"is not a picture in a format that this host reads. Send it as {READABLE}."
