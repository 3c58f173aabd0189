"""MoveNet Lightning (Google, 2021): the 17 joints of the person in the middle of an image, in one pass.

OpenCV computes the network up to its four maps. What the model's last operators make of those is done here, since
OpenCV has none of these operators.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from orchestrion.errors import Reason
from orchestrion_host.worker.engines.image import tflite_graphs
from orchestrion_host.worker.library_types import Array

MODEL: Final = "movenet_lightning.tflite"
SIDE: Final = 192
"""Of the image that it sees, in pixels."""

_CELLS: Final = 48
_JOINTS: Final = 17
_NORMALISED: Final = "sub_1"
_CENTRE: Final = "Sigmoid_1"
_HEATMAPS: Final = "Sigmoid"
_REGRESSION: Final = "kpt_regress_0/conv2d_6/BiasAdd;kpt_regress_0/conv2d_6/Conv2D;conv2d_6/bias1"
_OFFSETS: Final = (
    "kpt_offset_0/conv2d_7/BiasAdd;kpt_regress_0/conv2d_6/Conv2D;kpt_offset_0/conv2d_7/Conv2D;conv2d_7/bias1"
)
_OUTPUTS: Final = (_CENTRE, _HEATMAPS, _REGRESSION, _OFFSETS)
_HALF_RANGE: Final = 127.5
_NEARNESS: Final = 1.8
"""What is added to a distance in cells before a score is divided by it, as in the model."""


class MoveNet:
    """The network. One thread at a time may use it."""

    def __init__(self, folder: Path) -> None:
        """Loads it.

        Args:
            folder: Where its file is.

        Raises:
            FailedPreconditionError: EXPERT_LOAD_FAILED: it is no such model, or OpenCV cannot read it.
        """
        try:
            maps = tflite_graphs.part((folder / MODEL).read_bytes(), _NORMALISED, _OUTPUTS)
            self._net: Any = cv2.dnn.readNetFromTFLite(np.frombuffer(maps, np.uint8))
        except (cv2.error, ValueError) as error:
            raise Reason.EXPERT_LOAD_FAILED.error(f"OpenCV {cv2.__version__} cannot read {MODEL}: {error}.") from error
        self._rows, self._columns = np.mgrid[:_CELLS, :_CELLS]
        self._nearness = 1 / (np.hypot(self._rows - _CELLS / 2, self._columns - _CELLS / 2) + _NEARNESS)

    def joints(self, image: Array) -> tuple[Array, Array]:
        """Finds the joints of the person nearest to the middle of an image, in COCO's order.

        Args:
            image: RGB bytes of shape (192, 192, 3).

        Returns:
            Their places, x and y from 0 to 1, of shape (17, 2), and their scores, 0 to 1, of shape (17,).
        """
        self._net.setInput(cv2.dnn.blobFromImage(image, 1 / _HALF_RANGE, (SIDE, SIDE), (_HALF_RANGE,) * 3))
        centre, heatmaps, regression, offsets = (_cells(output) for output in self._net.forward(_OUTPUTS))
        row, column = np.unravel_index(np.argmax(centre[..., 0] * self._nearness), (_CELLS, _CELLS))
        # From the middle of the person, where each joint should be; the heatmaps say where near there one is.
        expected = regression[row, column].reshape(_JOINTS, 2) + np.array([row, column])
        distances = np.hypot(self._rows[..., None] - expected[:, 0], self._columns[..., None] - expected[:, 1])
        best = (heatmaps / (distances + _NEARNESS)).reshape(-1, _JOINTS).argmax(axis=0)
        rows, columns = np.unravel_index(best, (_CELLS, _CELLS))
        number = np.arange(_JOINTS)
        shifts = offsets[rows, columns].reshape(_JOINTS, _JOINTS, 2)[number, number]
        places = np.stack([columns + shifts[:, 1], rows + shifts[:, 0]], axis=1) / _CELLS
        return places, heatmaps[rows, columns, number]


def _cells(output: Array) -> Array:
    """Returns a map of shape (rows, columns, channels), whichever way OpenCV keeps it."""
    (only,) = output
    return only if only.shape[0] == _CELLS else np.moveaxis(only, 0, -1)
