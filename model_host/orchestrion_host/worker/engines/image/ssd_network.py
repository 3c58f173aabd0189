"""SSD with MobileNetV2 (Liu et al., 2016; Sandler et al., 2018): one pass over an image of 300 pixels a side.

TensorFlow's own checkpoint `ssd_mobilenet_v2_coco_2018_03_29`, computed by OpenCV.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import cv2

from orchestrion.errors import Reason
from orchestrion_host.worker.engines.image.coco_classes import NAMES
from orchestrion_host.worker.library_types import Array
from orchestrion_host.worker.media.image.detections import Box, Detection

INPUT_SIDE: Final = 300
"""In pixels. Whatever the shape of an image, it is seen as a square."""

_GRAPH: Final = "frozen_inference_graph.pb"
_LAYERS: Final = "ssd_mobilenet_v2_coco_2018_03_29.pbtxt"


class SsdNetwork:
    """The network. One thread at a time may use it."""

    def __init__(self, folder: Path) -> None:
        """Loads it.

        Args:
            folder: Where its weights and the list of its layers are.

        Raises:
            FailedPreconditionError: EXPERT_LOAD_FAILED: OpenCV cannot read them.
        """
        try:
            self._net: Any = cv2.dnn.readNetFromTensorflow(str(folder / _GRAPH), str(folder / _LAYERS))
        except cv2.error as error:
            raise Reason.EXPERT_LOAD_FAILED.error(f"OpenCV {cv2.__version__} cannot read {_GRAPH}: {error}.") from error

    def look(self, image: Array) -> list[Detection]:
        """Returns at most 100 detections, boxes in pixels of the image; the same thing may be among them several times.

        Args:
            image: RGB bytes of shape (height, width, 3).
        """
        height, width = image.shape[:2]
        self._net.setInput(cv2.dnn.blobFromImage(image, size=(INPUT_SIDE, INPUT_SIDE)))
        rows = self._net.forward().reshape(-1, 7)
        return [
            Detection(NAMES[int(number)], float(score), Box(left * width, top * height, right * width, bottom * height))
            for _, number, score, left, top, right, bottom in rows.tolist()
            if int(number) in NAMES
        ]
