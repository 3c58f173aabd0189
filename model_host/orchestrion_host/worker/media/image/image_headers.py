"""What the header of an image file says, and what memory decoding it takes: nothing is decoded for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import ExifTags, Image

from orchestrion_host.worker.media.image import image_files
from orchestrion_host.worker.media.image.page_numbers import PAGED, TooManyPagesError, page_numbers

_COLOUR_BYTES: Final = 4
"""What Pillow takes for a pixel of RGB or RGBA."""
_STORED_BYTES: Final = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16L": 2, "I;16B": 2, "I;16N": 2}
"""What it takes for one of other modes; 4 for those that are not here."""
_DECODER_BYTES: Final = {"JPEG": 8, "MPO": 8, "WEBP": 16, "AVIF": 20, "JPEG2000": 20, "TIFF": 12, "GIF": 8, "PPM": 8}
"""What decoders keep beside that for a pixel, at the most: all coefficients of a progressive JPEG, the strip of a TIFF
that has one, canvases and planes of colour. None where a format is decoded row by row."""
_FRAMES_BYTES: Final = 8
"""What a file with several images takes beyond: the one before, and a copy."""


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """The largest image of a file."""

    width: int
    """In pixels."""
    height: int
    """In pixels."""
    mode: str
    """Pillow's name of the kind of its samples."""
    format: str
    """Pillow's name of its format."""
    is_turned: bool
    """Whether its EXIF data say that it is to be turned."""
    has_several: bool
    """Whether there are several images in the file."""

    @property
    def pixel_count(self) -> int:
        """Width times height."""
        return self.width * self.height

    @property
    def decoding_bytes(self) -> int:
        """What it takes at the most until it is upright RGB or RGBA."""
        stored = _STORED_BYTES.get(self.mode, 4)
        each = stored + _DECODER_BYTES.get(self.format, 0)
        if self.is_turned:
            each += stored
        if self.mode.startswith(("I", "F")):
            each += 1
        if self.mode not in ("RGB", "RGBA"):
            each += _COLOUR_BYTES
        if self.has_several:
            each += _FRAMES_BYTES
        return each * self.pixel_count

    @property
    def decoded_bytes(self) -> int:
        """What it takes then."""
        return _COLOUR_BYTES * self.pixel_count


def read(path: Path, max_pixels: int) -> ImageHeader | None:
    """Reads the header of a file.

    Args:
        path: The file.
        max_pixels: The most pixels of an image in it.

    Returns:
        What it says; None of a file that is no image, a damaged one, or one that is refused: who decodes it says why.
    """
    try:
        with image_files.header_of(path, max_pixels) as file:
            turned = file.format in ("JPEG", "MPO", "TIFF", "PNG", "WEBP") and _is_turned(file)
            sizes = [file.size]
            numbers = page_numbers(file, path) if file.format in PAGED else [0]
            if len(numbers) > 1 and file.format in ("TIFF", "DCX"):
                for number in numbers:
                    file.seek(number)
                    sizes.append(file.size)
            width, height = max(sizes, key=lambda size: size[0] * size[1])
            if width * height > max_pixels or max(width, height) > image_files.LONGEST_SIDE:
                return None
            return ImageHeader(width, height, file.mode, file.format or "", turned, len(numbers) > 1)
    except (Image.DecompressionBombError, TooManyPagesError, *image_files.BROKEN):
        return None


def _is_turned(file: Image.Image) -> bool:
    # What follows the pixels of a PNG cannot be known without decoding them.
    exif = file.info.get("exif") if file.format != "TIFF" else b"own"
    return bool(exif) and file.getexif().get(ExifTags.Base.Orientation, 1) != 1
