"""Makes the pictures of signs in `examples/pictures/`: the same bytes each time, from Pillow and its own font alone.

    .venv/bin/python examples/make_signs.py

Each looks like a snapshot of a street sign: seen at an angle, in uneven light, before a blurred background, with the
grain of a small sensor.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

FOLDER: Final = Path(__file__).parent / "pictures"
SIZE: Final = (1000, 750)
_SCALE: Final = 2
"""Everything is drawn this many times larger and shrunk at the end, which smooths edges as a lens does."""

Colour: TypeAlias = tuple[int, int, int]
Point: TypeAlias = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Sign:
    """One picture."""

    file_name: str
    lines: tuple[str, ...]
    paint: Colour
    ink: Colour
    sky: Colour
    ground: Colour
    corners: tuple[Point, Point, Point, Point]
    """Where the panel's corners lie in the picture, 0 to 1: top left, top right, bottom right, bottom left."""
    seed: int


SIGNS: Final = (
    Sign(
        "station.jpg",
        ("Platform 9", "closes at ten", "Mind the gap"),
        paint=(24, 62, 128),
        ink=(244, 244, 238),
        sky=(168, 172, 170),
        ground=(92, 78, 70),
        corners=((0.14, 0.17), (0.87, 0.11), (0.88, 0.74), (0.13, 0.68)),
        seed=9,
    ),
    Sign(
        "bridge.jpg",
        ("Caution", "This bridge freezes", "before the road"),
        paint=(243, 188, 24),
        ink=(24, 22, 18),
        sky=(176, 198, 222),
        ground=(112, 122, 92),
        corners=((0.12, 0.13), (0.86, 0.18), (0.85, 0.73), (0.13, 0.77)),
        seed=4,
    ),
    Sign(
        "icy_road.jpg",
        ("Slow down", "Icy road ahead"),
        paint=(232, 233, 228),
        ink=(156, 26, 28),
        sky=(196, 206, 214),
        ground=(150, 154, 158),
        corners=((0.11, 0.24), (0.89, 0.19), (0.87, 0.66), (0.13, 0.71)),
        seed=7,
    ),
)


def main() -> None:
    """Writes all pictures and prints their names."""
    FOLDER.mkdir(exist_ok=True)
    for sign in SIGNS:
        path = FOLDER / sign.file_name
        photograph(sign).save(path, quality=82, optimize=True)
        print(f"{path}  {path.stat().st_size / 1000:.0f} kB  {' / '.join(sign.lines)}")


def photograph(sign: Sign) -> Image.Image:
    """Draws one picture."""
    generator = random.Random(sign.seed)
    size = (SIZE[0] * _SCALE, SIZE[1] * _SCALE)
    picture = background(sign, size, generator)
    corners = [(x * size[0], y * size[1]) for x, y in sign.corners]
    draw = ImageDraw.Draw(picture)
    for left, right in ((0.36, 0.39), (0.61, 0.64)):
        draw.rectangle((left * size[0], corners[0][1], right * size[0], size[1]), fill=(104, 106, 108))
    panel = flat_panel(sign)
    picture.paste(*seen_from(panel, corners, size))
    lit = ImageChops.multiply(picture, light(size, generator))
    return with_grain(lit.resize(SIZE, Image.Resampling.LANCZOS).filter(ImageFilter.GaussianBlur(0.6)), generator)


def background(sign: Sign, size: tuple[int, int], generator: random.Random) -> Image.Image:
    """Draws sky above ground, with shapes that are out of focus."""
    picture = Image.new("RGB", size, sign.sky)
    draw = ImageDraw.Draw(picture)
    horizon = int(size[1] * 0.62)
    draw.rectangle((0, horizon, *size), fill=sign.ground)
    for _ in range(45):
        x, y = generator.randrange(size[0]), horizon + generator.randrange(-size[1] // 5, size[1] // 4)
        reach = generator.randrange(40, 260)
        tone = generator.uniform(0.55, 1.15)
        red, green, blue = (min(255, int(part * tone)) for part in sign.ground)
        draw.ellipse((x - reach, y - reach // 2, x + reach, y + reach // 2), fill=(red, green, blue))
    return picture.filter(ImageFilter.GaussianBlur(22))


def flat_panel(sign: Sign) -> Image.Image:
    """Draws the panel as seen from straight ahead, transparent outside."""
    size = (1600, 380 * len(sign.lines))
    panel = Image.new("RGBA", size, (*sign.paint, 0))
    draw = ImageDraw.Draw(panel)
    draw.rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), 70, fill=sign.paint)
    draw.rounded_rectangle((26, 26, size[0] - 27, size[1] - 27), 50, outline=sign.ink, width=12)
    longest = max(sign.lines, key=len)
    font = ImageFont.load_default(100)
    font = ImageFont.load_default(min(230, 100 * 1360 / font.getlength(longest)))
    for number, line in enumerate(sign.lines, 1):
        middle = (size[0] / 2, size[1] * number / (len(sign.lines) + 1))
        draw.text(middle, line, fill=sign.ink, font=font, anchor="mm", stroke_width=3)
    for x in (90, size[0] - 90):
        for y in (90, size[1] - 90):
            draw.ellipse((x - 14, y - 14, x + 14, y + 14), fill=(128, 130, 132), outline=(70, 70, 70), width=3)
    return panel


def seen_from(
    panel: Image.Image, corners: Sequence[Point], size: tuple[int, int]
) -> tuple[Image.Image, None, Image.Image]:
    """Puts the panel's corners where they belong in a picture; gives what `Image.paste` takes."""
    width, height = panel.size
    flat = [(0, 0), (width, 0), (width, height), (0, height)]
    seen = panel.transform(
        size, Image.Transform.PERSPECTIVE, perspective(corners, flat), resample=Image.Resampling.BICUBIC
    )
    return seen.convert("RGB"), None, seen.getchannel("A")


def perspective(seen: Sequence[Point], flat: Sequence[Point]) -> list[float]:
    """Finds the eight coefficients by which Pillow maps four points of a picture to four of its source."""
    rows: list[list[float]] = []
    for (x, y), (u, v) in zip(seen, flat, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y, u])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y, v])
    return solved(rows)


def solved(rows: list[list[float]]) -> list[float]:
    """Solves linear equations, one a row with its right side last, by Gauss and Jordan."""
    count = len(rows)
    for column in range(count):
        best = max(range(column, count), key=lambda row: abs(rows[row][column]))
        rows[column], rows[best] = rows[best], rows[column]
        rows[column] = [cell / rows[column][column] for cell in rows[column]]
        for row in range(count):
            if row != column:
                factor = rows[row][column]
                rows[row] = [cell - factor * pivot for cell, pivot in zip(rows[row], rows[column], strict=True)]
    return [row[-1] for row in rows]


def light(size: tuple[int, int], generator: random.Random) -> Image.Image:
    """Draws how bright each place is: a slope, and a soft shadow across it."""
    slope = Image.linear_gradient("L").rotate(generator.choice((0, 90, 270))).resize(size)
    shade = slope.point([190 + level * 65 // 255 for level in range(256)])
    shadow = Image.new("L", size, 255)
    left = generator.randrange(size[0] // 2)
    edge = [(left, 0), (left + 300, 0), (left + 900, size[1]), (left + 500, size[1])]
    ImageDraw.Draw(shadow).polygon(edge, fill=205)
    return ImageChops.multiply(shade, shadow.filter(ImageFilter.GaussianBlur(60))).convert("RGB")


def with_grain(picture: Image.Image, generator: random.Random) -> Image.Image:
    """Adds the noise of a sensor."""
    count = picture.width * picture.height
    # The sum of two even spreads is close enough to a bell.
    grain = bytes(
        128 + (first % 11) + (second % 11) - 10
        for first, second in zip(generator.randbytes(count), generator.randbytes(count), strict=True)
    )
    noise = Image.frombytes("L", picture.size, grain)
    return ImageChops.add(picture, Image.merge("RGB", (noise,) * 3), offset=-128)


if __name__ == "__main__":
    main()
