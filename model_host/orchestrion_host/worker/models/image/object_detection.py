"""Object detection of the classes that a model was trained for: DETR, YOLOS, RT-DETR and similar models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
import transformers
from PIL import Image

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.classification import class_names
from orchestrion_host.worker.library_types import Model
from orchestrion_host.worker.media.image import image_inputs, requested_labels
from orchestrion_host.worker.media.image.detections import Box, Detection
from orchestrion_host.worker.media.image.requested_labels import RequestedLabels
from orchestrion_host.worker.models import single_precision
from orchestrion_host.worker.models.checkpoint import Checkpoint, TorchExpert
from orchestrion_host.worker.models.image import detected_objects, image_batches
from orchestrion_host.worker.runtimes import Outputs, Result

_DEFAULT_THRESHOLD: Final = 0.5
_NO_CLASS: Final = "N/A"
# Detectors look at images of this size: processors stretch the shorter side to 800 at most 1333 the longer.
_WARM_UP_SIZE: Final = (1333, 800)


@dataclass(frozen=True, slots=True)
class _Encoded:
    """What one call brings: the image as it is drawn on, what the processor made of it, the lowest score, and names."""

    image: Image.Image
    encoded: dict[str, torch.Tensor]
    threshold: float
    requested: RequestedLabels = requested_labels.EVERYTHING


class ObjectDetector(TorchExpert):
    """A model that returns boxes with a class and a score."""

    def __init__(self, spec: ipc.Load) -> None:
        """Loads it.

        Options: `threshold`, the lowest score that is told where a call names none, 0.5 by default.
        """
        checkpoint = Checkpoint(single_precision.preferred(spec))
        self._processor = image_batches.processor(checkpoint)
        self._model: Model = checkpoint.model(transformers.AutoModelForObjectDetection)
        self._names = class_names.of(checkpoint.config, spec)
        self._patch = image_batches.patch_of(checkpoint.config)
        self._threshold = float(spec.options.get("threshold", _DEFAULT_THRESHOLD))
        super().__init__(checkpoint, self._model)

    def warm_up(self) -> None:
        """Looks at a grey image of the largest size that detectors compute with."""
        image = Image.new("RGB", _WARM_UP_SIZE, "grey")
        self._detect([_Encoded(image, self._encoded(image), 1.0)])

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Looks at the images of a batch; those that are equally large to the model in one pass."""
        return image_batches.compute(
            batch, self._read, self._run, alike=lambda item: tuple(item.encoded["pixel_values"].shape)
        )

    def _read(self, call: Call) -> _Encoded:
        requested = requested_labels.read(call, (name for name in self._names.values() if name != _NO_CLASS))
        image = image_inputs.read(call, "image", self.checkpoint.spec.max_image_pixels)
        image_batches.check_shape(call, image, processor=self._processor, patch=self._patch)
        threshold = call.number("threshold", self._threshold)
        return _Encoded(image, self._encoded(image_inputs.opaque(image)), threshold, requested)

    def _encoded(self, image: Image.Image) -> dict[str, torch.Tensor]:
        return dict(self._processor(images=image, return_tensors="pt"))

    def _run(self, calls: Sequence[Call], read: Sequence[_Encoded]) -> list[Outputs]:
        return [
            detected_objects.describe(call, item.image, detections, requested=item.requested)
            for call, item, detections in zip(calls, read, self._detect(read), strict=True)
        ]

    def _detect(self, read: Sequence[_Encoded]) -> list[list[Detection]]:
        joined = image_batches.joined([item.encoded for item in read])
        with torch.inference_mode():
            outputs = self._model(**self.checkpoint.inputs(joined))
        outputs.logits, outputs.pred_boxes = outputs.logits.float().cpu(), outputs.pred_boxes.float().cpu()
        results = self._processor.post_process_object_detection(
            outputs,
            threshold=min(item.threshold for item in read),
            target_sizes=[(item.image.height, item.image.width) for item in read],
        )
        return [self._kept(own, item.threshold) for own, item in zip(results, read, strict=True)]

    def _kept(self, result: dict[str, torch.Tensor], threshold: float) -> list[Detection]:
        rows = zip(result["scores"].tolist(), result["labels"].tolist(), result["boxes"].tolist(), strict=True)
        return [
            Detection(self._names.get(label, str(label)), score, Box(*box))
            for score, label, box in rows
            # Some places of COCO's list of classes stand for nothing.
            if score > threshold and self._names.get(label) != _NO_CLASS
        ]


load = ObjectDetector
