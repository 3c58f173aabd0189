"""The engine `ssd-mobilenet`: finds and counts the 80 kinds of things of COCO in images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.engines.image import object_search, ssd_network
from orchestrion_host.worker.engines.image.coco_classes import NAMES
from orchestrion_host.worker.engines.image.opencv_threads import share_cores
from orchestrion_host.worker.engines.image.ssd_network import SsdNetwork
from orchestrion_host.worker.media.image import image_inputs, requested_labels
from orchestrion_host.worker.models.image import detected_objects
from orchestrion_host.worker.runtimes import Outputs, Result, one_by_one

_DEFAULT_THRESHOLD: Final = 0.5
_WORK_BYTES: Final = 12
"""For each pixel, beside the decoded picture, at the peak: a copy on white, its array, and what is drawn over it."""


class SsdMobileNet:
    """The network."""

    def __init__(self, spec: ipc.Load) -> None:
        """Loads it."""
        folder = Path(spec.folder)
        share_cores()
        self._network = SsdNetwork(folder)
        self._max_image_pixels = spec.max_image_pixels

    def warm_up(self) -> None:
        """Looks at a grey image."""
        self._network.look(np.full((480, 640, 3), 128, np.uint8))

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
        """Lets go of the network."""
        del self._network

    def _compute(self, call: Call) -> Outputs:
        requested = requested_labels.read(call, NAMES.values())
        image = image_inputs.read(call, "image", self._max_image_pixels)
        threshold = call.number("threshold", _DEFAULT_THRESHOLD)

        def go_on(fraction: float) -> None:
            call.raise_if_cancelled()
            call.progress("looking for things", fraction)

        pixels = image_inputs.pixels(image_inputs.opaque(image))
        detections = object_search.find(pixels, self._network.look, ssd_network.INPUT_SIDE, threshold, go_on)
        return detected_objects.describe(call, image, detections, requested=requested)


load = SsdMobileNet
