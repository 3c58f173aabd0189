"""The engine `efficientnet-lite0`: says which of the thousand classes of ImageNet a picture shows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.classification import class_scores
from orchestrion_host.worker.engines import cores
from orchestrion_host.worker.engines.image import class_captions, efficientnet_graph, pytorch_tensors
from orchestrion_host.worker.library_types import Array, Session
from orchestrion_host.worker.media.image import image_inputs
from orchestrion_host.worker.onnx_models import sessions
from orchestrion_host.worker.runtimes import Outputs, Result, one_by_one

# One object a class in WordNet's words, as ImageNet numbers them and other classifiers of it call them.
_CLASSES: Final = Path(__file__).with_name("imagenet_classes.txt")
_MOST_CLASSES: Final = 20
_MIDDLE: Final = 127.0
_RANGE: Final = 128.0
_WORK_BYTES: Final = 8
"""For each pixel, beside the decoded picture, at the peak: a copy on white."""


class EfficientNet:
    """The network, made from the weights of the package at each load, in a tenth of a second."""

    def __init__(self, spec: ipc.Load) -> None:
        """Makes it."""
        folder = Path(spec.folder)
        (file,) = spec.sha256
        self._max_image_pixels = spec.max_image_pixels
        self._names = _CLASSES.read_text("utf-8").splitlines()
        graph = efficientnet_graph.build(pytorch_tensors.read(folder / file))
        self._session: Session = sessions.opened(graph, threads=cores.half())

    def warm_up(self) -> None:
        """Classifies a grey image."""
        self._shares(Image.new("RGB", (256, 256), "grey"))

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Classifies each image."""
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
        shares = self._shares(image_inputs.opaque(image))
        best = np.argsort(-shares, kind="stable")[:_MOST_CLASSES]
        ranked = [(self._names[place], float(shares[place])) for place in best]
        if call.task_type == "image-to-text":
            return {"text": class_captions.describe(ranked)}
        return class_scores.describe([{"label": label, "score": share} for label, share in ranked])

    def _shares(self, image: Image.Image) -> Array:
        """Returns how likely each class is, of shape (classes,), in sum 1.

        The whole image is squeezed into a square, as the Vision Transformers have it: what stands at an edge counts.
        """
        side = efficientnet_graph.SIDE
        square = image.resize((side, side), Image.Resampling.BICUBIC)
        colours = (np.asarray(square, np.float32) - np.float32(_MIDDLE)) / np.float32(_RANGE)
        pixels = np.ascontiguousarray(colours.transpose(2, 0, 1))[None]
        (logits,) = self._session.run([efficientnet_graph.OUTPUT], {efficientnet_graph.INPUT: pixels})
        powers = np.exp(logits[0].astype(np.float64) - logits[0].max())
        shares: Array = powers / powers.sum()
        return shares


load = EfficientNet
