"""Makes the pictures of zebras in `examples/pictures/`: the same bytes each time, from Pillow alone.

    .venv/bin/python examples/make_zebras.py

Zebras are drawn from the side, in flat colours, on dry grass. A detector that learned from photographs sees them all.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from PIL import Image, ImageDraw, ImageFilter

FOLDER: Final = Path(__file__).parent / "pictures"
SIZE: Final = (640, 420)
_SCALE: Final = 4
"""Zebras are drawn this many times larger and shrunk at the end, which smooths edges as a lens does."""

Colour: TypeAlias = tuple[int, int, int]
Point: TypeAlias = tuple[float, float]

# A zebra that looks to the left, in hundredths of its width.
_BODY: Final = (
    (26, 30), (32, 34), (42, 37), (55, 38), (68, 36), (77, 34), (84, 36), (89, 42), (91, 50), (88, 58), (82, 61),
    (70, 63), (55, 64), (42, 63), (33, 61), (27, 56), (23, 48), (22, 40),
)  # fmt: skip
_NECK: Final = (
    (14, 13), (18, 9), (22, 12), (28, 20), (34, 30), (40, 38), (36, 50), (26, 52), (21, 42), (18, 32), (14, 24),
)  # fmt: skip
_HEAD: Final = (
    (19, 8), (21, 13), (20, 19), (15, 24), (10, 29), (6, 33), (2, 34), (0, 31), (1, 27), (5, 22), (9, 16), (13, 11),
    (16, 8),
)  # fmt: skip
_EAR: Final = ((16, 9), (17, 2), (20, 4), (20, 10))
_TAIL: Final = ((93, 60), (96, 60), (96, 73), (93, 74))
_MUZZLE: Final = ((-2, 26), (4, 24), (7, 34), (0, 38))
_HEIGHT: Final = 93
_COAT: Final[Colour] = (236, 230, 218)
_BLACK: Final[Colour] = (30, 26, 26)
_FAR_COAT: Final[Colour] = (176, 166, 150)
_FAR_BLACK: Final[Colour] = (44, 38, 36)


@dataclass(frozen=True, slots=True)
class Zebra:
    """Where one stands: its left upper corner and its width, in pixels."""

    x: int
    y: int
    width: int
    looks_right: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture."""

    file_name: str
    zebras: tuple[Zebra, ...]
    seed: int


SCENES: Final = (
    Scene("zebra.jpg", (Zebra(170, 100, 300),), seed=1),
    Scene("zebras.jpg", (Zebra(20, 150, 190), Zebra(225, 130, 180, looks_right=True), Zebra(420, 160, 200)), seed=3),
)


def main() -> None:
    """Writes all pictures and prints their names."""
    for scene in SCENES:
        path = FOLDER / scene.file_name
        drawn(scene).save(path, quality=82, optimize=True)
        print(f"{path}  {path.stat().st_size / 1000:.0f} kB  {len(scene.zebras)}")


def drawn(scene: Scene) -> Image.Image:
    """Draws one picture."""
    generator = random.Random(scene.seed)
    picture = meadow(generator)
    for place in sorted(scene.zebras, key=lambda item: item.y):
        zebra = zebra_of(place.width, generator)
        if place.looks_right:
            zebra = zebra.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        ground, width = place.y + zebra.height, place.width
        shadow = Image.new("L", picture.size)
        reach = (place.x + 0.18 * width, ground - 0.06 * width, place.x + 0.95 * width, ground + 0.03 * width)
        ImageDraw.Draw(shadow).ellipse(reach, fill=110)
        picture.paste((60, 50, 30), mask=shadow.filter(ImageFilter.GaussianBlur(4)))
        picture.paste(zebra, (place.x, place.y), zebra)
        grass(picture, (place.x, place.x + width), (ground - 2, ground + 5), int(0.8 * width), generator)
    return picture


def meadow(generator: random.Random) -> Image.Image:
    """Draws sky, bushes and dry grass."""
    width, height = SIZE
    picture = Image.new("RGB", SIZE)
    draw = ImageDraw.Draw(picture)
    horizon = int(height * 0.42)
    for y in range(height):
        sky = mixed((120, 168, 214), (226, 226, 206), y / horizon)
        ground = mixed((186, 164, 96), (140, 128, 62), (y - horizon) / (height - horizon))
        draw.line((0, y, width, y), fill=sky if y < horizon else ground)
    for _ in range(9):
        x, reach = generator.uniform(0, width), generator.uniform(14, 34)
        middle = horizon - reach * 0.35
        green = mixed((74, 92, 48), (110, 120, 70), generator.random())
        draw.ellipse((x - reach * 1.6, middle - reach * 0.5, x + reach * 1.6, middle + reach * 0.5), fill=green)
    grass(picture, (0, width), (horizon, height), 5200, generator)
    return picture.filter(ImageFilter.GaussianBlur(0.6))


def grass(picture: Image.Image, across: Point, down: Point, count: int, generator: random.Random) -> None:
    """Draws blades of grass between two places across and two down, longer ones nearer."""
    draw = ImageDraw.Draw(picture)
    for _ in range(count):
        x, y = generator.uniform(*across), generator.uniform(*down)
        length = 2 + 10 * y / picture.height
        blade = mixed((120, 104, 44), (206, 190, 120), generator.random())
        draw.line((x, y, x + generator.uniform(-2, 2), y - length), fill=blade)


def zebra_of(width: int, generator: random.Random) -> Image.Image:
    """Draws a zebra that looks to the left, transparent around it."""
    unit = width * _SCALE / 100
    size = (int(100 * unit), int(_HEIGHT * unit))
    near_legs, far_legs = (leg(31, 54, 9, 0), leg(84, 48, 14, 1)), (leg(38, 56, 8, 2), leg(75, 52, 11, -1))
    zebra = Image.new("RGBA", size)
    zebra.paste(_far_coat(size, unit), mask=_mask(size, unit, far_legs))
    parts = (smooth(_BODY), smooth(_NECK), smooth(_HEAD), _EAR, *near_legs)
    zebra.paste(_near_coat(size, unit, near_legs, generator), mask=_mask(size, unit, parts))
    draw = ImageDraw.Draw(zebra)
    for number in range(26):
        x, y = 16 + number * 0.8, 9 + number * 0.96
        mane = (225, 218, 205) if number % 3 == 0 else _BLACK
        tip = y - 3.2 - generator.uniform(0, 0.6)
        draw.line(scaled([(x, y + 1), (x + 1.6, tip)], unit), fill=mane, width=int(unit))
    draw.line(scaled([(90, 44), (95, 54), (94, 66)], unit), fill=(60, 52, 48), width=int(1.4 * unit))
    draw.polygon(scaled(_TAIL, unit), fill=_BLACK)
    draw.ellipse((11.2 * unit, 16.2 * unit, 12.8 * unit, 17.8 * unit), fill=(10, 8, 8))
    return zebra.resize((width, size[1] // _SCALE), Image.Resampling.LANCZOS)


def leg(x: float, top: float, width: float, shift: float) -> list[Point]:
    """Returns the outline of a leg that stands a little before or behind where it begins."""
    knee, foot, low = 71.0, 88.5, x + shift
    half = width / 2
    return [
        (x - half, top), (x + half, top), (low + 0.64 * half, knee), (low + 0.48 * half, foot - 4),
        (low + 0.68 * half, foot), (low - 0.68 * half, foot), (low - 0.48 * half, foot - 4), (low - 0.64 * half, knee),
    ]  # fmt: skip


def _near_coat(
    size: tuple[int, int], unit: float, legs: Sequence[Sequence[Point]], generator: random.Random
) -> Image.Image:
    coat = Image.new("RGB", size, _COAT)
    draw = ImageDraw.Draw(coat)
    stripes: list[tuple[Point, Point, float, Point]] = []
    # Across the trunk, over the haunch to the tail, along the neck, and down the head.
    stripes += [((29 + i * 4.3, 34), (27.8 + i * 4.75, 63), 0.06, (3.0, 1.1)) for i in range(9)]
    stripes += [((66 + i * 1.6, 61.5), (92, 37 + i * 4.6), -0.18 + i * 0.02, (1.2, 2.6)) for i in range(7)]
    stripes += [((19 + i * 2.13, 9 + i * 3.25), (13 + i * 1.5, 20 + i * 4.25), 0.08, (2.5, 1.6)) for i in range(9)]
    stripes += [((18.5 - i * 2.4, 9 + i * 2.8), (19 - i * 2.1, 20 + i * 2.2), -0.15, (1.0, 0.8)) for i in range(6)]
    for start, end, bend, widths in stripes:
        draw.polygon(scaled(stripe(start, end, bend, widths, generator), unit), fill=_BLACK)
    draw.polygon(scaled(_MUZZLE, unit), fill=(52, 44, 42))
    for outline in legs:
        middle = (outline[0][0] + outline[1][0]) / 2
        for number in range(9):
            y = 58 + number * 3.1
            draw.line(scaled([(middle - 8, y), (middle + 8, y)], unit), fill=_BLACK, width=int(1.5 * unit))
        draw.polygon(scaled(outline[3:7], unit), fill=(40, 34, 32))
    # The belly lies in its own shadow.
    levels = [min(1.0, max(0.0, (y / unit - 44) / 26)) for y in range(size[1])]
    shade = Image.new("L", (1, size[1]))
    shade.putdata([int(54 * level) for level in levels])
    return Image.composite(Image.new("RGB", size, (96, 80, 64)), coat, shade.resize(size))


def _far_coat(size: tuple[int, int], unit: float) -> Image.Image:
    coat = Image.new("RGB", size, _FAR_COAT)
    draw = ImageDraw.Draw(coat)
    for number in range(10):
        y = (60 + number * 3) * unit
        draw.line((0, y, size[0], y), fill=_FAR_BLACK, width=int(1.5 * unit))
    return coat


def _mask(size: tuple[int, int], unit: float, outlines: Sequence[Sequence[Point]]) -> Image.Image:
    mask = Image.new("L", size)
    for outline in outlines:
        ImageDraw.Draw(mask).polygon(scaled(outline, unit), fill=255)
    return mask


def stripe(start: Point, end: Point, bend: float, widths: Point, generator: random.Random) -> list[Point]:
    """Returns the outline of a stripe that bends to one side and changes its width."""
    count = 14
    across, down = end[0] - start[0], end[1] - start[1]
    length = math.hypot(across, down)
    sides: tuple[list[Point], list[Point]] = ([], [])
    for number in range(count):
        part = number / (count - 1)
        swell = bend * 4 * part * (1 - part)
        x = start[0] + across * part - down * swell + generator.uniform(-0.15, 0.15)
        y = start[1] + down * part + across * swell + generator.uniform(-0.15, 0.15)
        half = (widths[0] + (widths[1] - widths[0]) * part) / 2
        for side, sign in zip(sides, (1, -1), strict=True):
            side.append((x - sign * down / length * half, y + sign * across / length * half))
    return sides[0] + sides[1][::-1]


def smooth(corners: Sequence[Point], steps: int = 12) -> list[Point]:
    """Returns a closed curve through corners, by Catmull and Rom."""
    curve: list[Point] = []
    for number in range(len(corners)):
        before, start, end, after = (corners[(number + shift) % len(corners)] for shift in (-1, 0, 1, 2))
        for step in range(steps):
            t = step / steps
            curve.append(
                (_between(t, before[0], start[0], end[0], after[0]), _between(t, before[1], start[1], end[1], after[1]))
            )
    return curve


def _between(t: float, before: float, start: float, end: float, after: float) -> float:
    square, cube = t * t, t * t * t
    return 0.5 * (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * square
        + (3 * start - before - 3 * end + after) * cube
    )


def scaled(points: Sequence[Point], unit: float) -> list[Point]:
    """Returns points in pixels."""
    return [(x * unit, y * unit) for x, y in points]


def mixed(one: Colour, other: Colour, part: float) -> Colour:
    """Returns a colour between two."""
    red, green, blue = (int(a + (b - a) * part) for a, b in zip(one, other, strict=True))
    return red, green, blue


if __name__ == "__main__":
    main()
