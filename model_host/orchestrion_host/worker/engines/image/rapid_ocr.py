"""The engine `rapidocr`: reads the text in images with the PP-OCR models that the package brings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import rapidocr
from PIL import Image, ImageDraw, ImageFont

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Array
from orchestrion_host.worker.media.image import image_inputs, reading_order
from orchestrion_host.worker.media.image.reading_order import Line
from orchestrion_host.worker.runtimes import Outputs, Result, one_by_one

# RapidOCR shrinks what is larger before it looks for text.
_LONGEST_SIDE: Final = 2000
# By default the detector enlarges whatever is less than 736 pixels high. That takes six times as long and found no
# more, down to text 9 pixels high.
_SETTINGS: Final = {"Global.log_level": "critical", "Det.limit_type": "max", "Det.limit_side_len": 1600}


class LineReader:
    """The detector, the classifier of upside-down lines, and the reader; other experts have it read pages as well."""

    def __init__(self) -> None:
        """Makes the pipeline; its models are loaded when they first work, which `warm_up` sees to."""
        self._pipeline = rapidocr.RapidOCR(params=_SETTINGS)

    def warm_up(self) -> None:
        """Reads a word, so that all three models are loaded."""
        image = Image.new("RGB", (320, 96), "white")
        ImageDraw.Draw(image).text((16, 16), "Ready 42", fill="black", font=ImageFont.load_default(size=48))
        self.read(image)

    def read(self, image: Image.Image) -> list[Line]:
        """Returns the lines in an RGB or RGBA image, in no particular order, with boxes in its pixels."""
        # Any: the library promises one of several results.
        lines: Any = self._pipeline(_pixels(image))
        if lines.txts is None:
            return []
        return [
            Line(text, round(float(score), 5), box.round(1).tolist())
            for text, score, box in zip(lines.txts, lines.scores, np.asarray(lines.boxes, dtype=float), strict=True)
        ]


class RapidOcr:
    """Reads the text in images."""

    def __init__(self, max_image_pixels: int) -> None:
        """Makes the reader.

        Args:
            max_image_pixels: The most pixels of an image that is decoded.
        """
        self._max_image_pixels = max_image_pixels
        self._reader = LineReader()

    def warm_up(self) -> None:
        """Has the reader load its models."""
        self._reader.warm_up()

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Reads each image."""
        return one_by_one(batch, self._compute)

    def parameter_bytes(self) -> int:
        """Returns 0: onnxruntime does not tell; the growth of the process does."""
        return 0

    def unload(self) -> None:
        """Lets go of the models."""
        del self._reader

    def _compute(self, call: Call) -> Outputs:
        image = image_inputs.read(call, "image", self._max_image_pixels, longest_side=_LONGEST_SIDE)
        call.raise_if_cancelled()
        lines = [line for row in reading_order.rows(self._reader.read(image)) for line in row]
        described = [{"text": line.text, "score": line.score, "box": line.box} for line in lines]
        return {"text": reading_order.text(lines), "lines": {"json": described}}


def load(spec: ipc.Load) -> RapidOcr:
    """Makes the reader."""
    return RapidOcr(spec.max_image_pixels)


def _pixels(image: Image.Image) -> Array:
    """Returns what RapidOCR takes as an array: BGR, or RGBA, for which it finds a background itself."""
    array = np.asarray(image)
    return array if array.shape[2] == 4 else np.ascontiguousarray(array[:, :, ::-1])
