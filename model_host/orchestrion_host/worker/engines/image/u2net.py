"""The engine `u2netp`: finds what stands out in a picture, and cuts it out.

It is the small U²-Net (Qin et al., 2020), which says of each pixel of a square of 320 how much it belongs to that.
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
from orchestrion_host.worker.library_types import Array, Session
from orchestrion_host.worker.media.image import image_inputs, masks, scored_masks, segments
from orchestrion_host.worker.media.image.masks import Mask
from orchestrion_host.worker.media.image.scored_masks import ScoredMask
from orchestrion_host.worker.media.image.segments import ImageSegment
from orchestrion_host.worker.onnx_models import sessions
from orchestrion_host.worker.runtimes import Outputs, Result, one_by_one

LABEL: Final = "main subject"
_FILE: Final = "u2netp.onnx"
_SIDE: Final = 320
# Those of ImageNet, with which it was trained.
_MEAN: Final = np.array((0.485, 0.456, 0.406), np.float32)
_DEVIATION: Final = np.array((0.229, 0.224, 0.225), np.float32)
_WHITE: Final = 255
_INSIDE: Final = 0.5
"""The share from which on a pixel belongs to what stands out; where none reaches it, nothing does."""
_WORK_BYTES: Final = 32
"""For each pixel, beside the decoded picture, at the peak: a copy on white, masks, what is drawn over it, and what
is cut out."""


class U2Net:
    """The network."""

    def __init__(self, spec: ipc.Load) -> None:
        """Loads it."""
        folder = Path(spec.folder)
        self._max_image_pixels = spec.max_image_pixels
        self._session: Session = sessions.opened(str(folder / _FILE), threads=cores.half(), keeps_memory=False)
        self._input = self._session.get_inputs()[0].name
        # The first output is the result; the others are its stages.
        self._output = self._session.get_outputs()[0].name

    def warm_up(self) -> None:
        """Looks at a grey image."""
        self._shares(Image.new("RGB", (_SIDE, _SIDE), "grey"))

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Looks at each image."""
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
        image = image_inputs.read(call, "image", self._max_image_pixels)
        call.raise_if_cancelled()
        call.progress("looking for what stands out")
        shares = self._shares(image_inputs.opaque(image))
        call.raise_if_cancelled()
        surest = shares[shares >= _INSIDE]
        score = float(surest.mean()) if len(surest) else 0.0
        is_there = bool(len(surest)) and score >= call.number("threshold")
        opacity = (
            _opacity(shares).resize(image.size, Image.Resampling.BICUBIC) if is_there else Image.new("L", image.size)
        )
        mask: Mask = np.asarray(opacity) >= _WHITE * _INSIDE
        if call.task_type == "mask-generation":
            scored = [ScoredMask(mask, score, masks.box_of(mask))] if mask.any() else []
            return scored_masks.describe(call, image, scored)
        return segments.describe(call, image, mask.astype(np.uint8), [ImageSegment(1, LABEL, score)], opacity)

    def _shares(self, image: Image.Image) -> Array:
        """Returns how much each pixel of the squeezed image belongs to what stands out, 0 to 1, shape (320, 320)."""
        square = np.asarray(image.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS), np.float32)
        colours = (square / max(float(square.max()), 1.0) - _MEAN) / _DEVIATION
        pixels = np.ascontiguousarray(colours.transpose(2, 0, 1))[None]
        (result,) = self._session.run([self._output], {self._input: pixels})
        shares: Array = result[0, 0]
        return shares


load = U2Net


def _opacity(shares: Array) -> Image.Image:
    """Returns shares as an image, the largest as white and the smallest as black."""
    low, high = float(shares.min()), float(shares.max())
    return Image.fromarray(np.round((shares - low) / max(high - low, 1e-6) * _WHITE).astype(np.uint8))
