"""Pages with text that is known letter by letter: books, columns, long screenshots, strips, turned and Chinese ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

DATA: Final = Path(__file__).parent / "data" / "reading"
_FONTS: Final = {
    "sans": ("font_source_sans_pro", "files/SourceSansPro-Regular.ttf"),
    "serif": ("font_source_serif_pro", "files/SourceSerifPro-Regular.ttf"),
    "chinese sans": ("pylopdf_fonts_zh_cn", "NotoSansSC-Regular.otf"),
    "chinese serif": ("pylopdf_fonts_zh_cn", "NotoSerifSC-Regular.otf"),
}
_A4_INCHES: Final = (8.27, 11.69)
_MARGIN_INCHES: Final = 0.8
_LEADING: Final = 1.35


@dataclass(frozen=True, slots=True)
class DrawnPage:
    """A page and what is written on it."""

    kind: str
    """What sort of page it is, such as `A4, 150 dpi`."""
    image: Image.Image
    text: str
    """Its lines in the order of reading, joined by line breaks."""


def font(name: str, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Loads a font of a package by the name above; any other name is Pillow's own."""
    if name not in _FONTS:
        return ImageFont.load_default(size=size)
    package, file = _FONTS[name]
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(f"The package {package} is not installed; the group `dev` brings it.")
    return ImageFont.truetype(str(Path(spec.submodule_search_locations[0]) / file), size)


def words(file: str, start: int) -> list[str]:
    """Returns the words of a text, beginning with one of its paragraphs; its characters where it is Chinese."""
    paragraphs = (DATA / file).read_text(encoding="utf-8").splitlines()
    start %= len(paragraphs)
    text = paragraphs[start:] + paragraphs[:start]
    return [character for line in text for character in line] if "chinese" in file else " ".join(text).split()


def sheet(
    size: tuple[int, int],
    text: Sequence[str],
    letters: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    *,
    columns: int = 1,
    margin: int,
    line_height: int,
    space: str = " ",
    colours: tuple[str, str] = ("white", "black"),
    title: str = "",
) -> tuple[Image.Image, list[str]]:
    """Sets text in columns on a sheet until it is full or the text at its end; returns the lines that fit."""
    image = Image.new("RGB", size, colours[0])
    pen = ImageDraw.Draw(image)
    gutter = margin // 2
    width = (size[0] - 2 * margin - (columns - 1) * gutter) // columns
    lines: list[str] = []
    top = margin
    if title:
        pen.text((margin, margin), title, fill=colours[1], font=letters)
        lines.append(title)
        top += 2 * line_height
    rest = list(text)
    for column in range(columns):
        y = top
        while rest and y + line_height <= size[1] - margin:
            line = rest.pop(0)
            while rest and pen.textlength(line + space + rest[0], font=letters) <= width:
                line += space + rest.pop(0)
            pen.text((margin + column * (width + gutter), y), line, fill=colours[1], font=letters)
            lines.append(line)
            y += line_height
    return image, lines


def a4(kind: str, dots: int, points: float, name: str, start: int, **layout: object) -> DrawnPage:
    """Draws a page of a book at so many dots per inch."""
    width, height = (round(inches * dots) for inches in _A4_INCHES)
    size = round(points * dots / 72)
    file = "chinese.txt" if "chinese" in name else "english.txt"
    image, lines = sheet(
        (width, height),
        words(file, start) * 2,
        font(name, size),
        margin=round(_MARGIN_INCHES * dots),
        line_height=round(size * (1.6 if "chinese" in name else _LEADING)),
        space="" if "chinese" in name else " ",
        **layout,  # type: ignore[arg-type]
    )
    return DrawnPage(kind, image, "\n".join(lines))


def screenshot(name: str, start: int, height: int, colours: tuple[str, str]) -> DrawnPage:
    """Draws a page as a telephone keeps it whole: narrow and very long, in large letters, with room between lines."""
    image, lines = sheet(
        (1080, height), words("english.txt", start), font(name, 38), margin=48, line_height=120, colours=colours
    )
    return DrawnPage("long screenshots", image, "\n".join(lines))


def strip(name: str, start: int, size: int, count: int) -> DrawnPage:
    """Draws one line of so many words."""
    letters = font(name, size)
    line = " ".join(words("english.txt", start)[:count])
    width = round(letters.getlength(line))
    image = Image.new("RGB", (width + 2 * size, 2 * size), "white")
    ImageDraw.Draw(image).text((size, size // 2), line, fill="black", font=letters)
    return DrawnPage("strips", image, line)


def turned(page: DrawnPage, degrees: int) -> DrawnPage:
    """Turns a page counter-clockwise."""
    return DrawnPage(f"turned by {degrees}°", page.image.rotate(degrees, expand=True), page.text)


def all_pages() -> Iterator[DrawnPage]:
    """Draws the thirty pages of the set, one after the other."""
    start = iter(range(0, 1000, 3))
    for dots in (150, 300, 600):
        for points in (10, 12):
            for name in ("default", "sans" if points == 10 else "serif"):
                yield a4(f"A4, {dots} dpi, {points} pt", dots, points, name, next(start))
    for dots, name in ((150, "serif"), (200, "sans"), (300, "default")):
        yield a4("two columns", dots, 10, name, next(start), columns=2, title="Down the Rabbit-Hole")
    for name, height, colours in (
        ("sans", 6000, ("white", "#202020")),
        ("default", 9000, ("#101418", "#e8e8e8")),
        ("serif", 12000, ("#fff8e8", "#302010")),
    ):
        yield screenshot(name, next(start), height, colours)
    for name, size, count in (("default", 24, 150), ("serif", 40, 90), ("sans", 16, 200)):
        yield strip(name, next(start), size, count)
    for name, degrees in (("default", 90), ("serif", 90), ("sans", 180), ("default", 180), ("serif", 270)):
        yield turned(a4("", 150, 11, name, next(start)), degrees)
    for dots, points, name in ((150, 12, "chinese sans"), (150, 12, "chinese serif"), (300, 10, "chinese sans")):
        yield a4("Chinese", dots, points, name, next(start))
    yield turned(a4("", 150, 12, "chinese serif", next(start)), 180)
