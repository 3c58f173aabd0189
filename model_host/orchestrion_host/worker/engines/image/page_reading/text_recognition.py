"""What a line of text says: PP-OCR's recognizer, which reads one image of a line from left to right."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from orchestrion_host.worker.engines.image.page_reading import sessions
from orchestrion_host.worker.library_types import Array, Session

HEIGHT: Final = 48
"""Pixels: the network takes lines of this height alone."""
_NARROWEST: Final = 128
"""Pixels of width: words narrower than that are read worse. What the network was taught, 320, takes twice as long."""
_NEAR: Final = 36.0
"""Pixels between ink and the place where its character was read, at most: a wide letter has 24 to each side."""
_INK: Final = 0.4
"""Of the contrast of its darkest letters: columns of pixels with more have ink in them."""
_BLANK: Final = 0
"""The class between two characters (connectionist temporal classification)."""


@dataclass(frozen=True, slots=True)
class LineReading:
    """What was read of a line, and how well."""

    text: str
    score: float
    """How sure the characters are on average, 0 to 1; 0 where there are none."""
    covered: float
    """The share of the ink that has a character near it, 0 to 1. The network passes over letters that it was not
    taught, those of Russian for example, and is sure of the comma between them."""

    @property
    def quality(self) -> float:
        """How well it reads, 0 to 1."""
        return self.score * self.covered


class TextRecognizer:
    """The network and its characters, which stand in the model file."""

    def __init__(self, path: Path) -> None:
        """Opens the model file."""
        self._session: Session = sessions.start(path)
        self._input: str = self._session.get_inputs()[0].name
        characters: str = self._session.get_modelmeta().custom_metadata_map["character"]
        self._characters = ["", *characters.splitlines(), " "]

    def read(self, line: Array) -> LineReading:
        """Reads an upright line.

        One line at a time: on processors a batch is no quicker, and its shorter lines are read with the width of the
        longest.

        Args:
            line: (height, width, 3) of 0 to 255: red, green, blue. It should be no more than fifty times as wide as
                high: memory grows with the width.
        """
        width = max(1, round(line.shape[1] * HEIGHT / line.shape[0]))
        shrinks = line.shape[0] > HEIGHT
        resized = cv2.resize(line, (width, HEIGHT), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        batch = np.zeros((1, 3, HEIGHT, max(width, _NARROWEST)), np.float32)
        # The network was taught blue, green and red.
        batch[0, :, :, :width] = resized.transpose(2, 0, 1)[::-1].astype(np.float32) / 127.5 - 1.0
        (shares,) = self._session.run(None, {self._input: batch})
        classes, likely = shares[0].argmax(axis=1), shares[0].max(axis=1)
        kept = classes != _BLANK
        kept[1:] &= classes[1:] != classes[:-1]
        if not kept.any():
            return LineReading("", 0.0, 0.0)
        read = [self._characters[number] for number in classes[kept]]
        # Each answer is for a stretch of pixels of equal length.
        places = (np.flatnonzero(kept) + 0.5) * (batch.shape[3] / len(classes))
        places = places[[not character.isspace() for character in read]]
        return LineReading("".join(read), float(likely[kept].mean()), _covered(resized, places))


def _covered(line: Array, places: Array) -> float:
    """Returns the share of the columns with ink that are near one of some places along a line of full height."""
    grey = cv2.cvtColor(line, cv2.COLOR_RGB2GRAY).astype(np.float32)
    contrast = grey.max(axis=0) - grey.min(axis=0)
    ink = np.flatnonzero(contrast > _INK * np.percentile(contrast, 95))
    if not len(ink) or not len(places):
        return 0.0
    nearest = np.abs(ink[:, None] - places[None]).min(axis=1)
    return float((nearest <= _NEAR).mean())
