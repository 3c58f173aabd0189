"""BlazeFace (Bazarevsky et al., 2019): where faces may be, also turned ones, and which way up they are.

The model for cameras on the back of phones: one pass over an image of 256 pixels a side, computed by OpenCV. It takes
many a thing for a face, so that what it brings up is looked at again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from orchestrion.errors import Reason
from orchestrion_host.worker.library_types import Array
from orchestrion_host.worker.media.image.detections import Box

MODEL: Final = "face_detection_back.tflite"
_SIDE: Final = 256
# Its anchors: the middles of the cells of two grids, so many for each cell.
_GRIDS: Final = ((16, 2), (8, 6))
_HALF_RANGE: Final = 127.5
_LARGEST_LOGIT: Final = 80.0
_SAME_UNION: Final = 0.3
_PART_SHARES: Final = (0.6, 0.4)
"""Of the longer side: what of an image the closer looks are at."""
_STEP_SHARE: Final = 0.6
"""Of the side of such a part: how far the next one lies. What they share is larger than a small face."""


@dataclass(frozen=True, slots=True)
class FacePlace:
    """A place that may be a face."""

    box: Box
    score: float
    """0 to 1."""
    angle: float
    """By how much it is turned clockwise, in degrees: the slope of the line from one eye to the other."""


class BlazeFace:
    """The network. One thread at a time may use it."""

    def __init__(self, folder: Path) -> None:
        """Loads it.

        Args:
            folder: Where its file is.

        Raises:
            FailedPreconditionError: EXPERT_LOAD_FAILED: OpenCV cannot read it.
        """
        try:
            self._net: Any = cv2.dnn.readNetFromTFLite(str(folder / MODEL))
        except cv2.error as error:
            raise Reason.EXPERT_LOAD_FAILED.error(f"OpenCV {cv2.__version__} cannot read {MODEL}: {error}.") from error
        self._outputs = self._net.getUnconnectedOutLayersNames()
        self._anchors = np.concatenate([_grid(cells, count) for cells, count in _GRIDS])

    def look(self, image: Array, threshold: float) -> list[FacePlace]:
        """Returns the places of at least a score, the surest first, one for each face.

        Args:
            image: RGB bytes of shape (height, width, 3).
            threshold: The lowest score, 0 to 1.
        """
        side = max(image.shape[:2])
        square = np.zeros((side, side, 3), np.uint8)
        square[: image.shape[0], : image.shape[1]] = image
        blob = cv2.dnn.blobFromImage(square, 1 / _HALF_RANGE, (_SIDE, _SIDE), (_HALF_RANGE,) * 3)
        self._net.setInput(blob)
        logits, points = sorted(self._net.forward(self._outputs), key=lambda output: int(output.shape[-1]))
        scores = 1 / (1 + np.exp(-np.clip(logits.reshape(-1), -_LARGEST_LOGIT, _LARGEST_LOGIT)))
        # Of each anchor: the middle of the face, its width and height, and six points of it, the eyes first.
        points = points.reshape(len(scores), -1, 2) / _SIDE
        places = (
            self._place(points[number], self._anchors[number], float(scores[number]), side)
            for number in np.argsort(-scores).tolist()
            if scores[number] >= threshold
        )
        return _apart(places)

    def _place(self, points: Array, anchor: Array, score: float, side: int) -> FacePlace:
        (x, y), (width, height) = ((points[0] + anchor) * side).tolist(), (points[1] * side).tolist()
        right_eye, left_eye = points[2].tolist(), points[3].tolist()
        angle = math.degrees(math.atan2(left_eye[1] - right_eye[1], left_eye[0] - right_eye[0]))
        return FacePlace(Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2), score, angle)


def search(image: Array, network: BlazeFace, threshold: float, on_progress: Callable[[float], None]) -> list[FacePlace]:
    """Looks at the whole image, then at parts of it for smaller faces, and returns the places, the surest first.

    Args:
        image: RGB bytes of shape (height, width, 3).
        network: What to look with.
        threshold: The lowest score, 0 to 1.
        on_progress: Called between looks with what is done, 0 to 1; may raise to end the search.
    """
    height, width = image.shape[:2]
    parts = [Box(0, 0, width, height), *_parts(width, height)]
    places: list[FacePlace] = []
    for number, part in enumerate(parts):
        on_progress(number / len(parts))
        left, top = int(part.x_min), int(part.y_min)
        for place in network.look(image[top : int(part.y_max), left : int(part.x_max)], threshold):
            places.append(FacePlace(place.box.moved(left, top), place.score, place.angle))
    return _apart(sorted(places, key=lambda place: -place.score))


def _parts(width: int, height: int) -> Iterable[Box]:
    longest = max(width, height)
    for share in _PART_SHARES:
        side = share * longest
        # No finer than the network sees.
        if side < _SIDE:
            return
        for top in _starts(height, side):
            for left in _starts(width, side):
                yield Box(left, top, min(left + side, width), min(top + side, height))


def _starts(length: float, side: float) -> list[float]:
    if length <= side:
        return [0.0]
    count = math.ceil((length - side) / (_STEP_SHARE * side)) + 1
    return [number * (length - side) / (count - 1) for number in range(count)]


def _apart(places: Iterable[FacePlace]) -> list[FacePlace]:
    kept: list[FacePlace] = []
    for place in places:
        if all(place.box.intersection_over_union(other.box) < _SAME_UNION for other in kept):
            kept.append(place)
    return kept


def _grid(cells: int, count: int) -> Array:
    middles = (np.arange(cells) + 0.5) / cells
    y, x = np.meshgrid(middles, middles, indexing="ij")
    return np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2), count, axis=0)
