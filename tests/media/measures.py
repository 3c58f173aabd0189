"""What can be measured of a picture or a sound, as numbers by name, to tell what was done to it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import soundfile
from PIL import Image, ImageOps

Plane = np.ndarray[Any, np.dtype[np.float64]]


def picture(content: bytes) -> dict[str, float]:
    """Measures a picture, turned upright.

    Returns:
        `width` and `height` in pixels; `colourfulness`, how far apart red, green and blue are on average, in levels;
        `sharpness`, the spread of its Laplacian; `grain`, its noise after Immerkær (1996), in levels; `dark` and
        `bright`, the shares of its pixels under 64 and over 191; `opacity`, the least alpha, from 0 to 1.
    """
    with Image.open(io.BytesIO(content)) as image:
        upright = ImageOps.exif_transpose(image)
        alpha = np.asarray(upright.convert("RGBA").getchannel("A"))
        colours = np.asarray(upright.convert("RGB"), dtype=np.float64)
    grey = colours.mean(axis=2)
    across = grey[:, :-2] - 2 * grey[:, 1:-1] + grey[:, 2:]
    down = grey[:-2] - 2 * grey[1:-1] + grey[2:]
    crossed = across[:-2] - 2 * across[1:-1] + across[2:]
    return {
        "width": float(upright.width),
        "height": float(upright.height),
        "colourfulness": float((colours.max(axis=2) - colours.min(axis=2)).mean()),
        "sharpness": float((across[1:-1] + down[:, 1:-1]).std()),
        "grain": float(np.sqrt(np.pi / 2) / 6 * np.abs(crossed).mean()),
        "dark": float((grey < 64).mean()),
        "bright": float((grey > 191).mean()),
        "opacity": float(alpha.min()) / 255,
    }


def sound(content: bytes) -> dict[str, float]:
    """Measures a sound.

    Returns:
        `seconds`; `rate` in samples a second; `channels`; `loudness`, its root mean square; `floor`, that of its
        quietest tenth of 50 ms pieces; `hertz`, its strongest frequency.
    """
    samples, rate = soundfile.read(io.BytesIO(content), dtype="float64", always_2d=True)
    mono: Plane = samples.mean(axis=1)
    size = rate // 20
    pieces = mono[: len(mono) // size * size].reshape(-1, size)
    spectrum = np.abs(np.fft.rfft(mono * np.hanning(len(mono))))
    return {
        "seconds": len(mono) / rate,
        "rate": float(rate),
        "channels": float(samples.shape[1]),
        "loudness": float(np.sqrt((mono**2).mean())),
        "floor": float(np.quantile(np.sqrt((pieces**2).mean(axis=1)), 0.1)),
        "hertz": float(spectrum.argmax() * rate / len(mono)),
    }


MEASURES: Final = {"image": picture, "audio": sound}


def measured(kind: str, content: bytes, source: bytes | None = None) -> Mapping[str, float]:
    """Measures an `image` or `audio`; as multiples of the same measures of its source where that is given."""
    own = MEASURES[kind](content)
    if source is None:
        return own
    other = MEASURES[kind](source)
    return {name: value / max(other[name], 1e-9) for name, value in own.items()}
