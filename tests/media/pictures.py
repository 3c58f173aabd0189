"""Pictures that tests make: people side by side, a phone photograph, a printed page, grain, transparency, a GIF."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

from examples.make_signs import Sign, photograph
from tests.media.texts import PAGE_LINES

ROOT: Final = Path(__file__).parents[2]
ASTRONAUT: Final = ROOT / "examples" / "pictures" / "astronaut.jpg"
COFFEE: Final = ROOT / "tests" / "media" / "coffee.jpg"

PARKING: Final = Sign(
    "phone.jpg",
    ("No parking here", "Deliveries only", "from 6 to 11"),
    paint=(238, 238, 232),
    ink=(22, 26, 34),
    sky=(186, 190, 188),
    ground=(120, 112, 104),
    corners=((0.16, 0.15), (0.86, 0.11), (0.88, 0.76), (0.13, 0.70)),
    seed=23,
)
_ORIENTATION, _MAKE, _MODEL, _DATE_TIME = 0x0112, 0x010F, 0x0110, 0x0132


def people(count: int) -> Image.Image:
    """Sets one to three portraits of the astronaut side by side, mirrored and cut differently, 400 pixels high."""
    with Image.open(ASTRONAUT) as whole:
        near, wide = whole.crop((90, 0, 360, 330)), whole.crop((60, 0, 390, 360))
    portraits = [ImageOps.contain(part, (1000, 400)) for part in (near, ImageOps.mirror(near), wide)[:count]]
    picture = Image.new("RGB", (sum(part.width for part in portraits), 400))
    left = 0
    for part in portraits:
        picture.paste(part, (left, 0))
        left += part.width
    return picture


def phone_photograph() -> bytes:
    """Photographs a sign as a phone held upright does: 12 megapixels lying on their side, and EXIF that says so."""
    upright = photograph(PARKING).resize((4032, 3024), Image.Resampling.BICUBIC)
    exif = Image.Exif()
    exif[_ORIENTATION] = 6
    exif[_MAKE], exif[_MODEL], exif[_DATE_TIME] = "samsung", "SM-G991B", "2026:05:17 08:42:10"
    return _saved(upright.transpose(Image.Transpose.ROTATE_90), "JPEG", quality=82, exif=exif)


def printed_page(lines: Sequence[str] = PAGE_LINES) -> Image.Image:
    """Scans a printed page that lies a little askew, in shades of grey: a title and lines of text."""
    page = Image.new("L", (1000, 220 + 66 * len(lines)), 243)
    draw = ImageDraw.Draw(page)
    for number, line in enumerate(lines):
        size = 44 if number == 0 else 33
        draw.text((95, 110 + 66 * number), line, fill=34, font=ImageFont.load_default(size), stroke_width=number == 0)
    askew = page.rotate(0.4, Image.Resampling.BICUBIC, fillcolor=243)
    return with_noise(askew.filter(ImageFilter.GaussianBlur(0.5)), 4)


def with_noise(picture: Image.Image, deviation: float) -> Image.Image:
    """Adds the noise of a sensor, of a standard deviation in levels."""
    samples = np.asarray(picture, dtype=np.float32)
    noise = np.random.default_rng(5).normal(0, deviation, samples.shape)
    return Image.fromarray(np.clip(samples + noise, 0, 255).astype(np.uint8))


def logo() -> Image.Image:
    """Draws a badge on a transparent ground."""
    picture = Image.new("RGBA", (320, 320), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((20, 20, 300, 300), fill=(196, 40, 52, 255), outline=(250, 240, 220, 255), width=10)
    draw.text((160, 160), "OPEN", fill=(255, 255, 255, 255), font=ImageFont.load_default(76), anchor="mm")
    return picture


def animation() -> bytes:
    """Makes a GIF of two pictures, with the palette of 256 colours that GIFs have."""
    with Image.open(ASTRONAUT) as picture:
        frames = [shown.quantize(256) for shown in (picture, ImageOps.mirror(picture))]
    return _saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=400, loop=0)


def _grainy() -> bytes:
    with Image.open(COFFEE) as picture:
        return _saved(with_noise(picture, 24), "PNG")


def _saved(picture: Image.Image, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


MAKERS: Final[Mapping[str, Callable[[], bytes]]] = {
    "couple.jpg": lambda: _saved(people(2), "JPEG", quality=88),
    "trio.jpg": lambda: _saved(people(3), "JPEG", quality=88),
    "phone.jpg": phone_photograph,
    "page.png": lambda: _saved(printed_page(), "PNG"),
    "grainy.png": _grainy,
    "logo.png": lambda: _saved(logo(), "PNG"),
    "astronaut.gif": animation,
}
