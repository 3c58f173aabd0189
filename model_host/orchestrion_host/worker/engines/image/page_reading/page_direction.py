"""How a page lies: upright, on its head, or on a side. What reads best decides, tried on a few of its lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean
from typing import Final

from orchestrion_host.worker.engines.image.page_reading.text_boxes import TextBox
from orchestrion_host.worker.engines.image.page_reading.text_recognition import LineReading

_SAMPLE: Final = 5
_SURE: Final = 0.85
"""The mean score from which on no other direction is tried."""
_BETTER: Final = 0.1
"""How much better another direction has to read."""
_LEAST: Final = 0.7
"""How well a direction has to read for a page to be turned at all."""
_FEWEST_LETTERS: Final = 3
"""A dash, a ring or a cross reads as well from below."""
_LONGEST: Final = 25.0
"""How many times as long as high a line of the sample is at most, where there are such: others take longer to read."""


def quarters(boxes: Sequence[TextBox], read: Callable[[TextBox, int], LineReading]) -> int:
    """Returns by how many quarters, counter-clockwise, a page is to be turned to stand upright.

    Args:
        boxes: The boxes of its lines, as it lies.
        read: Reads the image of a box, turned by so many quarters counter-clockwise.
    """
    lengths = {side: sum(_length(box) for box in boxes if box.is_tall is side) for side in (True, False)}
    lies = lengths[True] > lengths[False]
    sample = _sample([box for box in boxes if box.is_tall is lies])
    # Columns of Chinese and Japanese, whose letters stand upright, read as rows of a page that lies on its side; turned
    # so that the right one comes first.
    ways = (1, 3) if lies else (0, 2)
    scores: list[float] = []
    for way in ways:
        readings = [read(box, way) for box in sample]
        letters = sum(len(reading.text.strip()) for reading in readings)
        scores.append(fmean(reading.quality for reading in readings) if letters >= _FEWEST_LETTERS else 0.0)
        if scores[-1] >= _SURE:
            break
    best = max(range(len(scores)), key=lambda place: scores[place] - (0 if place == 0 else _BETTER))
    return ways[best] if scores[best] >= _LEAST else 0


def _sample(boxes: Sequence[TextBox]) -> Sequence[TextBox]:
    """Returns the lines that tell most, the longest first; none that takes long to read where there are others."""
    short = [box for box in boxes if _length(box) <= _LONGEST * _thickness(box)]
    return sorted(short or boxes, key=lambda box: -_length(box) / _thickness(box))[:_SAMPLE]


def _length(box: TextBox) -> float:
    return max(box.width, box.height)


def _thickness(box: TextBox) -> float:
    return max(1.0, min(box.width, box.height))
