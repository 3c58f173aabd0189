"""The engine `opencv-faces`: finds and counts faces in images, upright and turned, with Haar cascades and BlazeFace."""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from orchestrion_host import ipc
from orchestrion_host.worker import weights
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.engines.image import face_search
from orchestrion_host.worker.engines.image.blaze_face import BlazeFace
from orchestrion_host.worker.engines.image.haar_cascades import Cascades
from orchestrion_host.worker.engines.image.opencv_threads import share_cores
from orchestrion_host.worker.library_types import Array
from orchestrion_host.worker.media.image import image_inputs, requested_labels
from orchestrion_host.worker.media.image.detections import Detection
from orchestrion_host.worker.models.image import detected_objects
from orchestrion_host.worker.runtimes import Outputs, Result, one_by_one

_DEFAULT_THRESHOLD: Final = 0.7


class OpenCvFaces:
    """One set of cascades, and one network, for each thread."""

    def __init__(self, spec: ipc.Load) -> None:
        """Loads them.

        Raises:
            FailedPreconditionError: This OpenCV does not bring the cascades, or a file is not the one that the
                catalogue names.
        """
        folder = Path(spec.folder)
        weights.check(folder, spec.sha256)
        share_cores()
        self._max_image_pixels = spec.max_image_pixels
        self._free: queue.SimpleQueue[tuple[Cascades, BlazeFace]] = queue.SimpleQueue()
        for _ in range(spec.instances):
            self._free.put((Cascades(), BlazeFace(folder)))

    def warm_up(self) -> None:
        """Looks at an empty image."""
        self._find(np.zeros((240, 320, 3), np.uint8), lambda _fraction: None)

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Looks at each image."""
        return one_by_one(batch, self._compute)

    def parameter_bytes(self) -> int:
        """Returns 0: OpenCV does not tell; the growth of the process does."""
        return 0

    def unload(self) -> None:
        """Lets go of cascades and networks."""
        del self._free

    def _compute(self, call: Call) -> Outputs:
        requested = requested_labels.read(call, [face_search.LABEL])
        image = image_inputs.read(call, "image", self._max_image_pixels)
        threshold = call.number("threshold", _DEFAULT_THRESHOLD)

        def go_on(fraction: float) -> None:
            call.raise_if_cancelled()
            call.progress("looking for faces", fraction)

        detections = self._find(np.asarray(image_inputs.opaque(image)), go_on)
        faces = [face for face in detections if face.score >= threshold]
        return detected_objects.describe(call, image, faces, "faces", requested)

    def _find(self, image: Array, on_progress: Callable[[float], None]) -> Sequence[Detection]:
        cascades, network = self._free.get()
        try:
            return face_search.find(image, cascades, network, on_progress)
        finally:
            self._free.put((cascades, network))


load = OpenCvFaces
