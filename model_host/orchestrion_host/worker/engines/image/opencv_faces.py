"""The engine `opencv-faces`: finds and counts faces in images with the Haar cascades that OpenCV brings."""

from __future__ import annotations

import queue
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.engines.image import face_search
from orchestrion_host.worker.engines.image.haar_cascades import Cascades
from orchestrion_host.worker.engines.image.opencv_threads import share_cores
from orchestrion_host.worker.media.image import image_inputs, requested_labels
from orchestrion_host.worker.models.image import detected_objects
from orchestrion_host.worker.runtimes import Outputs, Result, one_by_one

_DEFAULT_THRESHOLD: Final = 0.7
_WORK_BYTES: Final = 12
"""For each pixel, beside the decoded picture, at the peak: a copy on white, its array, greys, and what is drawn."""


class OpenCvFaces:
    """One set of cascades for each thread."""

    def __init__(self, instances: int, max_image_pixels: int) -> None:
        """Loads the cascades.

        Args:
            instances: How many calls are computed at once.
            max_image_pixels: The most pixels of an image that is decoded.

        Raises:
            FailedPreconditionError: This OpenCV does not bring them.
        """
        self._max_image_pixels = max_image_pixels
        self._free: queue.SimpleQueue[Cascades] = queue.SimpleQueue()
        for _ in range(instances):
            self._free.put(Cascades())

    def warm_up(self) -> None:
        """Looks at an empty image."""
        cascades = self._free.get()
        face_search.find(np.zeros((240, 320), np.uint8), cascades, lambda _fraction: None)
        self._free.put(cascades)

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Looks at each image."""
        return one_by_one(batch, self._compute)

    def parameter_bytes(self) -> int:
        """Returns 0: OpenCV does not tell; the growth of the process does."""
        return 0

    def work_bytes(self, call: Call, pixel_count: int) -> int:
        """As `DeclaresWork` has it."""
        del call
        return _WORK_BYTES * pixel_count

    def unload(self) -> None:
        """Lets go of the cascades."""
        del self._free

    def _compute(self, call: Call) -> Outputs:
        requested = requested_labels.read(call, [face_search.LABEL])
        image = image_inputs.read(call, "image", self._max_image_pixels)
        threshold = call.number("threshold", _DEFAULT_THRESHOLD)

        def go_on(fraction: float) -> None:
            call.raise_if_cancelled()
            call.progress("looking for faces", fraction)

        grey = np.asarray(cv2.cvtColor(image_inputs.pixels(image_inputs.opaque(image)), cv2.COLOR_RGB2GRAY))
        cascades = self._free.get()
        try:
            detections = face_search.find(grey, cascades, go_on)
        finally:
            self._free.put(cascades)
        faces = [face for face in detections if face.score >= threshold]
        return detected_objects.describe(call, image, faces, "faces", requested)


def load(spec: ipc.Load) -> OpenCvFaces:
    """Loads the cascades.

    Raises:
        FailedPreconditionError: This OpenCV does not bring them.
    """
    share_cores()
    return OpenCvFaces(spec.instances, spec.max_image_pixels)
