"""The engine `rapidocr`: reads the text in images with the PP-OCR models that the package `rapidocr` carries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from PIL import Image

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.engines.image.opencv_threads import share_cores
from orchestrion_host.worker.engines.image.page_reading.page_reader import PageReader, PageReading
from orchestrion_host.worker.media.image import image_pages, reading_order
from orchestrion_host.worker.media.image.image_pages import ImagePage
from orchestrion_host.worker.runtimes import Outputs, Result, one_by_one

_MOST_PAGES: Final = 40
"""Pages of a file that are read: a page of 50 lines takes about ten seconds of one core."""
_LEAST_SIDE: Final = 8
"""Pixels: no letter is lower."""
_NO_IMAGE: Final = Image.new("RGB", (1, 1))
"""What stays of a page that was read: many of them would fill the memory."""
_WORK_BYTES: Final = 24
"""For each pixel, beside the decoded picture, at the peak: a copy on white, its array, that turned, and maps of
where text and fine detail are."""


class RapidOcr:
    """Reads the text in images."""

    def __init__(self, spec: ipc.Load) -> None:
        """Opens the models."""
        self._max_image_pixels = spec.max_image_pixels
        self._reader = PageReader(Path(spec.folder))

    def warm_up(self) -> None:
        """Has the reader read a line."""
        self._reader.warm_up()

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Reads each image."""
        return one_by_one(batch, self._compute)

    def parameter_bytes(self) -> int:
        """Returns 0: onnxruntime does not tell; the growth of the process does."""
        return 0

    def work_bytes(self, call: Call, pixel_count: int) -> int:
        """As `DeclaresWork` has it."""
        del call
        return _WORK_BYTES * pixel_count

    def unload(self) -> None:
        """Lets go of the models."""
        del self._reader

    def _compute(self, call: Call) -> Outputs:
        readings: list[tuple[ImagePage, PageReading]] = []
        count = left = 0
        for page in image_pages.read(call, "image", self._max_image_pixels):
            _check_sides(call, page.image)
            count = page.count
            if len(readings) == _MOST_PAGES:
                left = count - page.number + 1
                break
            readings.append((replace(page, image=_NO_IMAGE), self._read(call, page)))
        return _described(readings, count, left)

    def _read(self, call: Call, page: ImagePage) -> PageReading:
        before = f"page {page.number} of {page.count}: " if page.count > 1 else ""

        def step(what: str, fraction: float) -> None:
            call.raise_if_cancelled()
            call.progress(before + what, (page.number - 1 + fraction) / page.count)

        return self._reader.read(page.image, step)


def load(spec: ipc.Load) -> RapidOcr:
    """Opens the models.

    Raises:
        FailedPreconditionError: EXPERT_LOAD_FAILED: a file is not the one that the catalogue names.
    """
    share_cores()
    return RapidOcr(spec)


def _check_sides(call: Call, image: Image.Image) -> None:
    if min(image.size) < _LEAST_SIDE:
        problem = f"has {image.width} x {image.height} pixels; letters are at least {_LEAST_SIDE} pixels high."
        raise call.bad_input("image", problem, pixel_count=image.width * image.height)


def _described(readings: Sequence[tuple[ImagePage, PageReading]], count: int, left: int) -> Outputs:
    """Tells what was read, and what was not where there is any.

    Args:
        readings: What was read on each page.
        count: How many pages the file has.
        left: How many of them were not looked at.
    """
    texts: list[str] = []
    before: Sequence[str] = ()
    for page, reading in readings:
        rows = reading_order.joined(reading.rows).splitlines()
        # A sign that is there all the while is one text.
        new = [row for row in rows if not page.is_frame or row not in before]
        texts += ["\n".join(new)] if new else []
        before = rows
    lines = [
        {"text": line.text, "score": line.score, "box": reading.on_image(line.box), "page": page.number}
        for page, reading in readings
        for line in reading.lines
    ]
    unreadable = sum(len(reading.unreadable) for _, reading in readings)
    return {
        "text": "\n\n".join(texts),
        "lines": {"json": lines},
        **({"page_count": float(count)} if count > 1 else {}),
        **({"unread_page_count": float(left)} if left else {}),
        **({"unreadable_line_count": float(unreadable)} if unreadable else {}),
    }
