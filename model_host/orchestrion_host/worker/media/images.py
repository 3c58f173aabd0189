"""Pictures: checked by their header before anything is decoded, then turned upright."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from orchestrion_host.worker.call import Call

# Pillow's own bound only warns; ours is a setting of the host and is checked in `read`.
Image.MAX_IMAGE_PIXELS = None


def read(call: Call, name: str, max_pixels: int, *, longest_side: int | None = None) -> Image.Image:
    """Reads a picture input as upright RGB or, where it has transparency, RGBA.

    Args:
        call: The call that brings it.
        name: The name of the input.
        max_pixels: The most pixels that are decoded.
        longest_side: A size in pixels that suffices; formats that can, decode to about twice that.

    Raises:
        InvalidArgumentError: It is no picture, a broken one, or has too many pixels.
    """
    path = call.file(name)
    try:
        with Image.open(path) as image:
            width, height = image.size
            if width * height > max_pixels:
                raise call.bad_input(
                    name,
                    f"has {width} x {height} = {width * height:,} pixels; this host takes at most {max_pixels:,}.",
                    pixel_count=width * height,
                    limit_pixel_count=max_pixels,
                )
            call.raise_if_cancelled()
            if longest_side is not None:
                image.draft("RGB", (2 * longest_side, 2 * longest_side))
            image.load()
            return _upright_colour(image)
    except UnidentifiedImageError as error:
        raise call.bad_input(name, "is not a picture in a format that this host reads.") from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise call.bad_input(name, f"cannot be read as a picture: {error}.") from error


def _upright_colour(image: Image.Image) -> Image.Image:
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith(("I", "F")):
        return Image.fromarray(_eight_bits(np.asarray(upright))).convert("RGB")
    return upright.convert("RGBA" if upright.has_transparency_data else "RGB")


def _eight_bits(samples: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Spreads samples of more than 8 bits over 0 to 255: scans and measurements rarely use the whole range."""
    low, high = float(samples.min()), float(samples.max())
    scaled = (samples.astype(np.float32) - low) * (255.0 / max(high - low, 1e-9))
    return scaled.astype(np.uint8)
