"""The engine `movenet`: the poses of people, each seen by a detector first, drawn as OpenPose does and as data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.engines.image import movenet_network, object_search, ssd_network
from orchestrion_host.worker.engines.image.movenet_network import MoveNet
from orchestrion_host.worker.engines.image.opencv_threads import share_cores
from orchestrion_host.worker.engines.image.ssd_network import SsdNetwork
from orchestrion_host.worker.library_types import Array
from orchestrion_host.worker.media.image import image_inputs, poses
from orchestrion_host.worker.media.image.detections import Box
from orchestrion_host.worker.media.image.poses import Pose
from orchestrion_host.worker.runtimes import Outputs, Result, one_by_one

_PERSON: Final = "person"
_PERSON_THRESHOLD: Final = 0.4
_JOINT_THRESHOLD: Final = 0.2
_MOST_PERSONS: Final = 32
_SURROUNDINGS: Final = 1.25
"""How much larger than the person is what the network sees of the image."""
_LIKELY: Final = 0.3
"""The mean score of the joints from which the whole image shows a person whom the detector did not see."""
_WORK_BYTES: Final = 12
"""For each pixel, beside the decoded picture, at the peak: a copy on white, its array, and what is drawn."""


class MoveNetPoses:
    """The two networks."""

    def __init__(self, spec: ipc.Load) -> None:
        """Loads them."""
        folder = Path(spec.folder)
        share_cores()
        self._detector = SsdNetwork(folder)
        self._network = MoveNet(folder)
        self._max_image_pixels = spec.max_image_pixels

    def warm_up(self) -> None:
        """Looks at a grey image with both."""
        grey = np.full((480, 640, 3), 128, np.uint8)
        self._detector.look(grey)
        self._pose(grey, Box(0, 0, 640, 480))

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
        """Lets go of the networks."""
        del self._detector, self._network

    def _compute(self, call: Call) -> Outputs:
        image = image_inputs.opaque(image_inputs.read(call, "image", self._max_image_pixels))

        def go_on(fraction: float) -> None:
            call.raise_if_cancelled()
            call.progress("looking for people", fraction)

        pixels = image_inputs.pixels(image)
        detections = object_search.find(
            pixels, self._detector.look, ssd_network.INPUT_SIDE, _PERSON_THRESHOLD, lambda done: go_on(0.8 * done)
        )
        persons = [item.box for item in detections if item.label == _PERSON][:_MOST_PERSONS]
        seen: list[Pose] = []
        for number, box in enumerate(persons):
            go_on(0.8 + 0.2 * number / len(persons))
            seen.append(self._pose(pixels, box))
        if not seen:
            whole = self._pose(pixels, Box(0, 0, image.width, image.height))
            seen = [whole] if sum(whole.scores) / len(whole.scores) >= _LIKELY else []
        return poses.describe(call, image.size, seen, _JOINT_THRESHOLD)

    def _pose(self, image: Array, person: Box) -> Pose:
        """Finds the joints of a person in a square with some surroundings; what lies outside the image is black."""
        side = _SURROUNDINGS * max(person.width, person.height)
        left, top = (person.x_min + person.x_max - side) / 2, (person.y_min + person.y_max - side) / 2
        scale = movenet_network.SIDE / side
        steps = np.array([[scale, 0.0, -scale * left], [0.0, scale, -scale * top]])
        size = (movenet_network.SIDE, movenet_network.SIDE)
        square = cv2.warpAffine(image, steps, size, flags=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        places, scores = self._network.joints(np.asarray(square))
        points = places * side + (left, top)
        return Pose(tuple((x, y) for x, y in points.tolist()), tuple(scores.tolist()))


load = MoveNetPoses
