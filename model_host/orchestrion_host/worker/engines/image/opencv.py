"""The engine `opencv`: edges by Canny's method, and new images from images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import cv2
import numpy as np
from PIL import Image

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.engines.image import image_denoising, image_filters
from orchestrion_host.worker.engines.image.image_filters import Picture
from orchestrion_host.worker.engines.image.opencv_threads import share_cores
from orchestrion_host.worker.media.image import image_inputs, image_outputs
from orchestrion_host.worker.runtimes import Outputs, Result, one_by_one

_DEFAULT_LOW_THRESHOLD: Final = 100.0
_DEFAULT_HIGH_THRESHOLD: Final = 200.0
_DEFAULT_STRENGTH: Final = 0.5
_DEFAULT_SCALE: Final = 2.0
_WORK_BYTES: Final = {"": 24, "denoise": 16, "greyscale": 18, "blur": 32, "sharpen": 18}
"""For each pixel, beside the decoded picture, at the peak, by operation; the first is for edges."""
_ENLARGED_BYTES: Final = 24
"""For each pixel of an enlarged picture: its colours, how opaque they are as floats, and the picture to be written."""


class OpenCv:
    """Holds nothing but the limit."""

    def __init__(self, max_image_pixels: int) -> None:
        """Keeps the limit.

        Args:
            max_image_pixels: The most pixels of an image that is decoded, and of one that is made.
        """
        self._max_image_pixels = max_image_pixels
        self._operations: Mapping[str, tuple[str, Callable[[Call, Picture], Picture]]] = {
            "denoise": ("denoised", _denoise),
            "upscale": ("upscaled", self._upscale),
            # Whoever asks for greyscale wants no colour at all.
            "greyscale": ("grey", lambda call, image: image_filters.greyscale(image, call.number("strength", 1))),
            "blur": ("blurred", lambda call, image: image_filters.blur(image, _strength(call))),
            "sharpen": ("sharpened", lambda call, image: image_filters.sharpen(image, _strength(call))),
        }

    def warm_up(self) -> None:
        """Computes once what has tables or code of its own to set up."""
        image = np.zeros((32, 32, 3), np.uint8)
        cv2.Canny(image, 100, 200)
        image_filters.blur(image, 1.0)
        image_denoising.denoise(image, 0.5, lambda _fraction: None)

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Makes an image for each call."""
        return one_by_one(batch, self._compute)

    def parameter_bytes(self) -> int:
        """Returns 0: there are no weights."""
        return 0

    def work_bytes(self, call: Call, pixel_count: int) -> int:
        """As `DeclaresWork` has it."""
        operation = call.text("operation")
        if operation == "upscale":
            scale = call.number("scale", _DEFAULT_SCALE)
            made = min(round(pixel_count * scale * scale), self._max_image_pixels)
            return _WORK_BYTES[""] * pixel_count + _ENLARGED_BYTES * made
        return _WORK_BYTES.get(operation, _WORK_BYTES[""]) * pixel_count

    def unload(self) -> None:
        """Does nothing."""

    def _compute(self, call: Call) -> Outputs:
        return self._edges(call) if call.task_type == "canny-control" else self._new_picture(call)

    def _edges(self, call: Call) -> Outputs:
        low = call.number("low_threshold", _DEFAULT_LOW_THRESHOLD)
        high = call.number("high_threshold", _DEFAULT_HIGH_THRESHOLD)
        if low > high:
            raise call.bad_input(
                "low_threshold",
                f"is {low:g} and must not be above `high_threshold`, which is {high:g}"
                f"{'' if 'high_threshold' in call.inputs else ' when left out'}.",
            )
        image = image_inputs.read(call, "image", self._max_image_pixels)
        call.raise_if_cancelled()
        edges = cv2.Canny(image_inputs.pixels(image_inputs.opaque(image)), low, high)
        return {"image": image_outputs.write(call, "image", Image.fromarray(np.asarray(edges)), "edges")}

    def _new_picture(self, call: Call) -> Outputs:
        operation = call.text("operation")
        if operation not in self._operations:
            raise call.bad_input("operation", f"must be one of {', '.join(self._operations)}.")
        suffix, compute = self._operations[operation]
        image = image_inputs.read(call, "image", self._max_image_pixels)
        call.raise_if_cancelled()
        file_format, profile = image.format, image.info.get("icc_profile")
        pixels = image_inputs.pixels(image)
        del image
        made = Image.fromarray(compute(call, pixels))
        # The colours mean what they meant before.
        if profile is not None:
            made.info["icc_profile"] = profile
        return {"image": image_outputs.write(call, "image", made, suffix, file_format=file_format)}

    def _upscale(self, call: Call, image: Picture) -> Picture:
        scale = call.number("scale", _DEFAULT_SCALE)
        height, width = image.shape[:2]
        new_width, new_height = round(width * scale), round(height * scale)
        if new_width * new_height > self._max_image_pixels:
            raise call.bad_input(
                "scale",
                f"of {scale:g} would make {new_width} x {new_height} = {new_width * new_height:,} pixels; "
                f"this host makes at most {self._max_image_pixels:,}.",
                pixel_count=new_width * new_height,
                limit_pixel_count=self._max_image_pixels,
            )
        return image_filters.resize(image, new_width, new_height)


def load(spec: ipc.Load) -> OpenCv:
    """Returns the expert; nothing is loaded."""
    share_cores()
    return OpenCv(spec.max_image_pixels)


def _strength(call: Call) -> float:
    return call.number("strength", _DEFAULT_STRENGTH)


def _denoise(call: Call, picture: Picture) -> Picture:
    def go_on(fraction: float) -> None:
        call.raise_if_cancelled()
        call.progress("removing noise", fraction)

    return image_denoising.denoise(picture, _strength(call), go_on)
