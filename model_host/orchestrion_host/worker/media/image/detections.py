"""Detections in images: label, score and box; and which of several are of the same object (non-maximum suppression)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from orchestrion_host import ipc

_SAME_UNION: Final = 0.3
_SAME_INSIDE: Final = 0.6
_DUPLICATE_UNION: Final = 0.5
_DUPLICATE_INSIDE: Final = 0.8
_OTHER_CLASS_UNION: Final = 0.65


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle in pixels, from its left upper corner to its right lower one."""

    x_min: float
    y_min: float
    x_max: float
    y_max: float

    @property
    def width(self) -> float:
        """In pixels."""
        return self.x_max - self.x_min

    @property
    def height(self) -> float:
        """In pixels."""
        return self.y_max - self.y_min

    @property
    def area(self) -> float:
        """In square pixels; 0 where it is turned inside out."""
        return max(0.0, self.width) * max(0.0, self.height)

    def scaled(self, factor: float) -> Box:
        """Returns the box in an image that is enlarged by a factor."""
        return Box(self.x_min * factor, self.y_min * factor, self.x_max * factor, self.y_max * factor)

    def moved(self, x: float, y: float) -> Box:
        """Returns the box, moved to the right and down by so many pixels."""
        return Box(self.x_min + x, self.y_min + y, self.x_max + x, self.y_max + y)

    def within(self, width: float, height: float) -> Box:
        """Returns what of the box lies in an image of this size."""
        return Box(max(0.0, self.x_min), max(0.0, self.y_min), min(width, self.x_max), min(height, self.y_max))

    def shared_area(self, other: Box) -> float:
        """Returns the area that both cover, in square pixels."""
        return Box(
            max(self.x_min, other.x_min),
            max(self.y_min, other.y_min),
            min(self.x_max, other.x_max),
            min(self.y_max, other.y_max),
        ).area

    def intersection_over_union(self, other: Box) -> float:
        """Returns how alike two boxes are: 1 when equal, 0 when apart."""
        shared = self.shared_area(other)
        union = self.area + other.area - shared
        return shared / union if union > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Detection:
    """Something found: what it is, how surely (0 to 1), and where."""

    label: str
    score: float
    box: Box

    def plain(self) -> ipc.Plain:
        """Returns it as the task type `object-detection` tells it: the score to 4 places, the box in whole pixels."""
        box = self.box
        return {
            "label": self.label,
            "score": round(self.score, 4),
            "box": {
                "x_min": round(box.x_min),
                "y_min": round(box.y_min),
                "x_max": round(box.x_max),
                "y_max": round(box.y_max),
            },
        }


def without_repeats(detections: Iterable[Detection]) -> Sequence[Detection]:
    """Keeps the surest of findings that lie on each other (non-maximum suppression over all), the surest first.

    Two findings are one when their boxes share 0.3 of what both cover, or 0.6 of the smaller: parts of a thing are
    often taken for a small one.
    """
    kept: list[Detection] = []
    for detection in sorted(detections, key=lambda item: (-item.score, item.box.x_min, item.box.y_min)):
        if not any(_same(detection.box, other.box) for other in kept):
            kept.append(detection)
    return kept


def without_duplicates(detections: Iterable[Detection]) -> Sequence[Detection]:
    """Keeps the surest of findings of one thing, the surest first, where things may well lie on each other.

    A finding goes when a surer one of its class shares 0.5 of what both cover, or has 0.8 of it inside; or when a surer
    one of another class has nearly the same box: nothing is a horse and a sheep at once, but a rider sits on a horse.
    """
    kept: list[Detection] = []
    for detection in sorted(detections, key=lambda item: (-item.score, item.box.x_min, item.box.y_min)):
        if not any(_duplicates(detection, other) for other in kept):
            kept.append(detection)
    return kept


def _duplicates(detection: Detection, surer: Detection) -> bool:
    union = detection.box.intersection_over_union(surer.box)
    if detection.label != surer.label:
        return union > _OTHER_CLASS_UNION
    return union > _DUPLICATE_UNION or detection.box.shared_area(surer.box) > _DUPLICATE_INSIDE * detection.box.area


def _same(box: Box, other: Box) -> bool:
    smaller = min(box.area, other.area)
    return box.intersection_over_union(other) > _SAME_UNION or box.shared_area(other) > _SAME_INSIDE * smaller
