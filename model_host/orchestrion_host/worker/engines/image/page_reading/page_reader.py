"""The reader of pages: finds the lines of an image at the sizes that they have, and reads each on its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont, ImageStat

from orchestrion_host.worker.engines.image.page_reading import closer_looks, line_images, page_direction
from orchestrion_host.worker.engines.image.page_reading.text_boxes import TextBox
from orchestrion_host.worker.engines.image.page_reading.text_detection import TILE_SIDE, TextDetector
from orchestrion_host.worker.engines.image.page_reading.text_recognition import LineReading, TextRecognizer
from orchestrion_host.worker.library_types import Array
from orchestrion_host.worker.media.image import image_inputs, reading_order
from orchestrion_host.worker.media.image.reading_order import Corners, Line, Rows

DETECTOR: Final = "PP-OCRv6_det_small.onnx"
RECOGNIZER: Final = "PP-OCRv6_rec_small.onnx"

Step = Callable[[str, float], None]
"""Called between steps with what is being done and how much of the page is, 0 to 1; may raise to end the work."""

_LEAST_SCORE: Final = 0.5
"""A line that reads worse is not told: it would be nonsense more often than not."""
_DOUBTFUL: Final = 0.8
"""A line that reads worse is also read the other way up."""
_BETTER: Final = 0.1
_MOST_FRUITLESS: Final = 6
"""After so many lines in a row that do not read better in another way, none is tried any more: it is not for that."""
_FEW_LETTERS: Final = 2
_LEAST_SCORE_OF_FEW: Final = 0.8
"""The same for one letter or two: a window reads like a letter."""
_HALF_READ: Final = 0.5
"""A line of which less was read is not told: it has another script, and what was read are its commas."""
_WHOLLY_READ: Final = 0.9
"""A line of which less was read is told, and that there is more."""
_CERTAINLY_TEXT: Final = 0.7
"""From which likelihood on a box that cannot be read is told of; trees and fabrics look like text now and then."""
_LINE_SHAPE: Final = 3.0
"""How many times as long as wide a box is that is certainly a line."""
_LARGE_SHARE: Final = 0.2
"""Of the page: any other box as large as that is a thing that looks like a letter."""
_FINDING_SHARE: Final = 0.15


@dataclass(frozen=True, slots=True)
class PageReading:
    """What was read on a page."""

    rows: Rows
    """The lines in the order in which people read, in pixels of the page when it stands upright."""
    unreadable: Sequence[Corners]
    """What looks like text and cannot be read, or in part only, in the same pixels."""
    quarters: int
    """By how many quarters, counter-clockwise, the image was turned to stand upright."""
    width: int
    """Of the upright page."""
    height: int
    """Of the upright page."""

    @property
    def lines(self) -> list[Line]:
        """The lines in order."""
        return [line for row in self.rows for line in row]

    def on_image(self, corners: Corners) -> list[list[float]]:
        """Returns the place of corners on the image as it came, where the first is still the text's left upper one."""
        last_x, last_y = self.width - 1, self.height - 1
        places = [(float(x), float(y)) for x, y in corners]
        for _ in range(self.quarters):
            # Back by a quarter, clockwise: what was below is on the left.
            places = [(last_y - y, x) for x, y in places]
            last_x, last_y = last_y, last_x
        return [[round(x, 1), round(y, 1)] for x, y in places]


class PageReader:
    """The two models of the package."""

    def __init__(self, folder: Path) -> None:
        """Opens them.

        Args:
            folder: The folder of their files, which have been checked.
        """
        self._detector = TextDetector(folder / DETECTOR)
        self._recognizer = TextRecognizer(folder / RECOGNIZER)

    def warm_up(self) -> None:
        """Reads a line on a page that fills a tile, so that the memory figure is true."""
        image = Image.new("RGB", (TILE_SIDE, TILE_SIDE), "white")
        ImageDraw.Draw(image).text((16, 16), "Ready 42", fill="black", font=ImageFont.load_default(size=48))
        self.read(image)

    def read(self, image: Image.Image, step: Step = lambda _what, _fraction: None) -> PageReading:
        """Reads an RGB or RGBA image.

        Args:
            image: The image, whichever way up it is.
            step: Told what is being done; may raise to end the reading.
        """
        page = _pixels(image)

        def looking(fraction: float) -> None:
            step("looking for text", _FINDING_SHARE * fraction)

        boxes = closer_looks.find(page, self._detector, looking)
        images = _LineImages(page, self._recognizer)
        quarters = page_direction.quarters(boxes, lambda box, way: images.of(box, way, lambda: looking(1.0)))
        if quarters:
            page = line_images.turned(page, quarters)
            boxes = closer_looks.find(page, self._detector, lambda _fraction: looking(1.0))
            images = _LineImages(page, self._recognizer)
        readings = _readings(boxes, images, step)
        read = [(box, reading) for box, reading in readings if _is_told(reading)]
        left = [
            box.corners.tolist()
            for box, reading in readings
            if (reading.covered < _WHOLLY_READ if _is_told(reading) else _is_text(box, page))
        ]
        lines = [Line(reading.text, round(reading.score, 5), box.corners.tolist()) for box, reading in read]
        return PageReading(reading_order.rows(lines), left, quarters, page.shape[1], page.shape[0])


class _LineImages:
    """The lines of a page, each read once in each way that is asked for."""

    def __init__(self, page: Array, recognizer: TextRecognizer) -> None:
        self._page = page
        self._recognizer = recognizer
        self._readings: dict[tuple[int, int], LineReading] = {}

    def of(self, box: TextBox, quarters: int, go_on: Callable[[], None]) -> LineReading:
        """Reads the line of a box, turned by so many quarters counter-clockwise.

        Args:
            box: Where it is.
            quarters: How far it is turned.
            go_on: Called before each part of a line; may raise to end the work.
        """
        key = (id(box), quarters)
        if key not in self._readings:
            line = line_images.turned(line_images.cut_out(self._page, box), quarters)
            parts = []
            for part in line_images.divided(line):
                go_on()
                parts.append(self._recognizer.read(part))
            self._readings[key] = joined(parts)
        return self._readings[key]


def _readings(boxes: Sequence[TextBox], images: _LineImages, step: Step) -> list[tuple[TextBox, LineReading]]:
    fruitless = 0
    readings: list[tuple[TextBox, LineReading]] = []
    for number, box in enumerate(boxes):
        fraction = _FINDING_SHARE + (1 - _FINDING_SHARE) * number / len(boxes)
        go_on = partial(step, f"reading line {number + 1} of {len(boxes)}", fraction)
        go_on()
        first, *others = _ways(box)
        reading = images.of(box, first, go_on)
        if reading.quality < _DOUBTFUL and fruitless < _MOST_FRUITLESS:
            best = max((images.of(box, way, go_on) for way in others), key=lambda other: other.quality)
            better = best.quality > reading.quality + _BETTER
            fruitless = 0 if better else fruitless + 1
            reading = best if better else reading
        readings.append((box, reading))
    return readings


def _is_told(reading: LineReading) -> bool:
    count = len(reading.text.strip())
    least = _LEAST_SCORE if count > _FEW_LETTERS else _LEAST_SCORE_OF_FEW
    return count > 0 and reading.score >= least and reading.covered >= _HALF_READ


def _is_text(box: TextBox, page: Array) -> bool:
    """Says whether what cannot be read is text all the same: sure enough, and shaped like a line or small."""
    shape = max(box.width, box.height) / max(1.0, min(box.width, box.height))
    share = box.width * box.height / (page.shape[0] * page.shape[1])
    return box.likely >= _CERTAINLY_TEXT and (shape >= _LINE_SHAPE or share < _LARGE_SHARE)


def _ways(box: TextBox) -> Sequence[int]:
    """Returns the ways in which a box on an upright page may have to be turned, by quarters; the likeliest first."""
    if box.is_tall:
        return (1, 3)
    # Two letters are hardly wider than high: a sign on its side has no longer side to be known by.
    return (0, 2) if box.width >= 1.5 * box.height else (0, 2, 1, 3)


def joined(parts: Sequence[LineReading]) -> LineReading:
    """Joins the readings of the parts of a line: with spaces, but for languages that have none."""
    text = ""
    for part in parts:
        space = bool(text and part.text) and not (_is_ideographic(text[-1]) and _is_ideographic(part.text[0]))
        text += f" {part.text.strip()}" if space else part.text.strip()
    count = sum(len(part.text) for part in parts)
    return LineReading(
        text,
        sum(part.score * len(part.text) for part in parts) / count if count else 0.0,
        sum(part.covered for part in parts) / len(parts),
    )


def _is_ideographic(letter: str) -> bool:
    return letter >= "\u2e80"


def _pixels(image: Image.Image) -> Array:
    """Returns an image as red, green and blue. What is transparent gets what its letters are not: black or white."""
    if image.mode == "RGBA":
        alpha = image.getchannel("A")
        bright = ImageStat.Stat(image.convert("L"), alpha).mean[0] > 127 if alpha.getextrema()[1] else False
        page = Image.new("RGB", image.size, "black" if bright else "white")
        page.paste(image, mask=alpha)
        image = page
    # A page at 600 dpi has 100 MB: one copy is enough.
    return image_inputs.pixels(image)
