"""Haar cascades of OpenCV (Viola and Jones, 2001): windows that look like a face, from in front or the side, and eyes.

A cascade lets each window of an image pass through stages of simple tests. Around a real face many neighbouring
windows pass, around a chance likeness few; so all windows are returned, ungrouped, and counted by those who judge them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

import cv2
import numpy as np

from orchestrion.errors import Reason
from orchestrion_host.worker.library_types import Array
from orchestrion_host.worker.media.image.detections import Box

Cascade: TypeAlias = Any
"""A `cv2.CascadeClassifier`. Any: its type takes no sizes out of a mapping."""

Grey: TypeAlias = Array
"""A grey image: bytes of shape (height, width)."""

_FRONTAL: Final = ("frontalface_alt2", "frontalface_alt", "frontalface_default")
_GROUPING_TOLERANCE: Final = 0.3
_EYE_NEIGHBOURS: Final = 3
_FINE_STEP: Final = 1.05
_COARSE_STEP: Final = 1.1


class Cascades:
    """One set of cascades. A cascade keeps the image that it works on: one thread at a time may use a set."""

    def __init__(self) -> None:
        """Loads them.

        Raises:
            FailedPreconditionError: This OpenCV does not bring them.
        """
        self._frontal = [_cascade(name) for name in _FRONTAL]
        self._profile = _cascade("profileface")
        self._eyes = _cascade("eye")
        self._eyes_or_glasses = _cascade("eye_tree_eyeglasses")

    def search_frontal(self, image: Grey, smallest: int) -> list[Box]:
        """Returns all windows of at least so many pixels a side that may be a face seen from in front."""
        return _windows(self._frontal[0], image, _COARSE_STEP, smallest)

    def search_profile(self, image: Grey, smallest: int) -> list[Box]:
        """Returns all windows of at least so many pixels a side that may be a face seen from either side."""
        return [
            *_windows(self._profile, image, _COARSE_STEP, smallest),
            *_mirrored(_windows(self._profile, _mirror(image), _COARSE_STEP, smallest), image.shape[1]),
        ]

    def frontal(self, patch: Grey, smallest: int, largest: int) -> list[Box]:
        """Returns all windows, in fine steps, that any of three frontal cascades takes for a face."""
        return [box for cascade in self._frontal for box in _windows(cascade, patch, _FINE_STEP, smallest, largest)]

    def profiles(self, patch: Grey, smallest: int, largest: int) -> tuple[list[Box], list[Box]]:
        """Returns all windows, in fine steps, that look like a face turned to one side, and to the other."""
        mirrored = _windows(self._profile, _mirror(patch), _FINE_STEP, smallest, largest)
        return _windows(self._profile, patch, _FINE_STEP, smallest, largest), _mirrored(mirrored, patch.shape[1])

    def eyes(self, patch: Grey, smallest: int, largest: int) -> tuple[int, int]:
        """Counts eyes as two cascades see them: one for open eyes, one that also knows glasses."""
        limits = {"minSize": (smallest, smallest), "maxSize": (largest, largest)}
        detections = [
            cascade.detectMultiScale(patch, scaleFactor=_COARSE_STEP, minNeighbors=_EYE_NEIGHBOURS, **limits)
            for cascade in (self._eyes, self._eyes_or_glasses)
        ]
        return len(detections[0]), len(detections[1])


def grouped(windows: Iterable[Box]) -> list[tuple[Box, int]]:
    """Joins windows that lie on each other, and returns the mean and the number of each group, the largest first."""
    # In order, since threads find them in any, and means are rounded on the way.
    corners = sorted((round(box.x_min), round(box.y_min), round(box.width), round(box.height)) for box in windows)
    # OpenCV only keeps groups of two and more: each window stands in for a pair.
    rectangles, counts = cv2.groupRectangles([*corners, *corners], 1, _GROUPING_TOLERANCE) if corners else ((), ())
    groups = [(_box(rectangle), int(count) // 2) for rectangle, count in zip(rectangles, counts, strict=True)]
    return sorted(groups, key=lambda group: -group[1])


def mean(boxes: Sequence[Box]) -> Box:
    """Returns the mean of at least one box, side by side."""
    sides = np.mean([(box.x_min, box.y_min, box.x_max, box.y_max) for box in boxes], axis=0)
    return Box(*(float(side) for side in sides))


def _cascade(name: str) -> Cascade:
    folder = getattr(getattr(cv2, "data", None), "haarcascades", "")
    path = Path(folder, f"haarcascade_{name}.xml")
    if not path.is_file():
        raise Reason.EXPERT_LOAD_FAILED.error(
            f"OpenCV {cv2.__version__} does not bring the Haar cascade {path.name}; "
            "install opencv-python-headless below version 5."
        )
    return cv2.CascadeClassifier(str(path))


def _windows(cascade: Cascade, image: Grey, step: float, smallest: int, largest: int = 0) -> list[Box]:
    limits = {"minSize": (smallest, smallest), "maxSize": (largest, largest)}
    return [_box(window) for window in cascade.detectMultiScale(image, scaleFactor=step, minNeighbors=0, **limits)]


def _mirror(image: Grey) -> Grey:
    return np.ascontiguousarray(image[:, ::-1])


def _mirrored(boxes: Iterable[Box], width: float) -> list[Box]:
    return [Box(width - box.x_max, box.y_min, width - box.x_min, box.y_max) for box in boxes]


def _box(rectangle: Iterable[float]) -> Box:
    x, y, width, height = (float(side) for side in rectangle)
    return Box(x, y, x + width, y + height)
