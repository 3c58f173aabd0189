"""The engine `opencv-controls`: maps that guide painting, by classical methods in the place of networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from PIL import Image

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.engines.image import control_maps
from orchestrion_host.worker.engines.image.control_maps import Drawing, Picture
from orchestrion_host.worker.engines.image.opencv_threads import share_cores
from orchestrion_host.worker.media.image import image_inputs, image_outputs
from orchestrion_host.worker.runtimes import Outputs, Result, one_by_one

_DRAWINGS: Final[Mapping[str, tuple[str, Callable[[Picture], Drawing]]]] = {
    "hed-control": ("soft-edges", control_maps.soft_edges),
    "mlsd-control": ("lines", control_maps.straight_lines),
    "scribble-control": ("scribble", control_maps.scribble),
}
_WORK_BYTES: Final = 9
"""For each pixel, beside the decoded picture, at the peak: a copy on white, its array and the drawing."""
_REDUCED_BYTES: Final = 200
"""For each pixel of the reduced copy that edges are looked for in: their strengths in three colours, as floats."""


class OpenCvControls:
    """Holds nothing but the limit."""

    def __init__(self, max_image_pixels: int) -> None:
        """Keeps the limit.

        Args:
            max_image_pixels: The most pixels of an image that is decoded.
        """
        self._max_image_pixels = max_image_pixels

    def warm_up(self) -> None:
        """Draws everything once from a small image."""
        for _, draw in _DRAWINGS.values():
            draw(np.zeros((64, 64, 3), np.uint8))

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Draws a map for each call."""
        return one_by_one(batch, self._compute)

    def parameter_bytes(self) -> int:
        """Returns 0: there are no weights."""
        return 0

    def work_bytes(self, call: Call, pixel_count: int) -> int:
        """As `DeclaresWork` has it."""
        del call
        return _WORK_BYTES * pixel_count + _REDUCED_BYTES * min(pixel_count, control_maps.MOST_PIXELS)

    def unload(self) -> None:
        """Does nothing."""

    def _compute(self, call: Call) -> Outputs:
        what, draw = _DRAWINGS[call.task_type]
        image = image_inputs.opaque(image_inputs.read(call, "image", self._max_image_pixels))
        call.raise_if_cancelled()
        drawn = Image.fromarray(draw(image_inputs.pixels(image)))
        return {"image": image_outputs.write(call, "image", drawn, what)}


def load(spec: ipc.Load) -> OpenCvControls:
    """Returns the expert; nothing is loaded."""
    share_cores()
    return OpenCvControls(spec.max_image_pixels)
