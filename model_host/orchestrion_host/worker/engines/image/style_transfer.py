"""The engine `style-transfer`: paints a picture again in one of 26 styles, or in several at once.

The network (Dumoulin, Shlens and Kudlur, 2017) is one for all styles: a style is a row of scales and shifts in it, and
a mixture of styles a mixture of these. It keeps what a picture shows and draws nothing new.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.engines import cores
from orchestrion_host.worker.engines.image import style_names
from orchestrion_host.worker.library_types import Session
from orchestrion_host.worker.media.image import image_inputs, image_outputs
from orchestrion_host.worker.onnx_models import sessions
from orchestrion_host.worker.runtimes import Outputs, Result, one_by_one

_FILE: Final = "multistyle26.onnx"
_LONGEST_SIDE: Final = 800
"""In pixels: strokes are as wide as they were meant from about 500 to 1,000; larger pictures are painted at this size
and enlarged to their own."""
_STEP: Final = 4
"""What the network makes is as large as its input where the sides are multiples of this."""
_SHORTEST_SIDE: Final = 16
_DEFAULT_STRENGTH: Final = 0.5
_WORK_BYTES: Final = 24
"""For each pixel, beside the decoded picture, at the peak: a copy on white, the painting, and both mixed."""


class StyleTransfer:
    """The network."""

    def __init__(self, spec: ipc.Load) -> None:
        """Loads it."""
        folder = Path(spec.folder)
        self._max_image_pixels = spec.max_image_pixels
        self._styles = style_names.styles()
        self._session: Session = sessions.opened(str(folder / _FILE), threads=cores.half(), keeps_memory=False)

    def warm_up(self) -> None:
        """Paints a grey picture of the largest size, so that the memory figure is true."""
        self._painted(Image.new("RGB", (_LONGEST_SIDE, _LONGEST_SIDE), "grey"), (0,))

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Paints each picture."""
        return one_by_one(batch, self._compute)

    def parameter_bytes(self) -> int:
        """Returns 0: onnxruntime does not tell; the growth of the process does."""
        return 0

    def work_bytes(self, call: Call, pixel_count: int) -> int:
        """As `DeclaresWork` has it."""
        del call
        return _WORK_BYTES * pixel_count

    def unload(self) -> None:
        """Lets go of the network."""
        del self._session

    def _compute(self, call: Call) -> Outputs:
        numbers = self._requested(call)
        image = image_inputs.read(call, "image", self._max_image_pixels)
        call.raise_if_cancelled()
        call.progress(f"painting: {', '.join(self._styles.names[number] for number in numbers)}")
        opaque = image_inputs.opaque(image)
        painted = self._painted(opaque, numbers).resize(image.size, Image.Resampling.LANCZOS)
        call.raise_if_cancelled()
        # Half of the strength is most of the style: at less than that one sees two pictures lying on one another.
        strength = call.number("strength", _DEFAULT_STRENGTH)
        made = Image.blend(opaque, painted, 1 - (1 - strength) ** 2)
        if image.mode == "RGBA":
            made.putalpha(image.getchannel("A"))
        if "icc_profile" in image.info:
            made.info["icc_profile"] = image.info["icc_profile"]
        what = "-".join(self._styles.names[number] for number in numbers).replace(" ", "-")
        return {"image": image_outputs.write(call, "image", made, what, file_format=image.format)}

    def _requested(self, call: Call) -> tuple[int, ...]:
        """Returns the numbers of the styles that the call asks for.

        Raises:
            InvalidArgumentError: It asks for none of them, or for something besides.
        """
        request = self._styles.read(call.text("prompt"))
        names = ", ".join(self._styles.names)
        if not request.styles:
            raise call.bad_input("prompt", f"names no style that this expert paints in. It has {names}.")
        if request.rest:
            raise call.bad_input(
                "prompt",
                f"asks for more than a style ({request.rest}). This expert keeps what a picture shows, and draws "
                f"nothing new; it paints in {names}.",
            )
        return request.styles

    def _painted(self, image: Image.Image, numbers: Sequence[int]) -> Image.Image:
        """Paints an RGB image in equal parts of some styles; the result has at most `_LONGEST_SIDE` pixels a side."""
        factor = min(1.0, _LONGEST_SIDE / max(image.size))
        width, height = (max(1, round(side * factor)) for side in image.size)
        fitted = image.resize((width, height), Image.Resampling.LANCZOS) if factor < 1 else image
        colours = np.asarray(fitted, np.float32) / np.float32(255)
        down, across = (max(_SHORTEST_SIDE, side + -side % _STEP) - side for side in (height, width))
        padded = np.pad(colours, ((0, down), (0, across), (0, 0)), mode="symmetric")
        shares = np.zeros(len(self._styles.names), np.float32)
        shares[list(numbers)] = 1 / len(numbers)
        pixels = np.ascontiguousarray(padded.transpose(2, 0, 1))[None]
        (result,) = self._session.run(None, {"image": pixels, "style_weights": shares})
        painted = result[0].transpose(1, 2, 0)[:height, :width]
        return Image.fromarray(np.round(np.clip(painted, 0, 1) * 255).astype(np.uint8))


load = StyleTransfer
