"""Image segmentation: semantic (SegFormer, UperNet, BEiT) or panoptic (Mask2Former, MaskFormer, DETR)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
import transformers
from PIL import Image

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.classification import class_names
from orchestrion_host.worker.library_types import Array, Model, ModelOutput
from orchestrion_host.worker.media.image import image_inputs, image_outputs, segments
from orchestrion_host.worker.media.image.segments import ImageSegment
from orchestrion_host.worker.models.checkpoint import Checkpoint, TorchExpert
from orchestrion_host.worker.models.image import ade20k, image_batches
from orchestrion_host.worker.runtimes import Outputs, Result

_DEFAULT_THRESHOLD: Final = 0.5
# Maps of 150 classes at the size of a photograph would take gigabytes; finer than this no model sees.
_LONGEST_SIDE: Final = 1024
_BY_CLASS: Final = ("ForSemanticSegmentation",)


@dataclass(frozen=True, slots=True)
class _Encoded:
    """What one call brings: the image as it is drawn on, and what the processor made of it."""

    image: Image.Image
    encoded: dict[str, torch.Tensor]
    threshold: float
    """The lowest score of a thing that is told."""

    @property
    def map_size(self) -> tuple[int, int]:
        """The height and width in which segments are told apart."""
        factor = min(1.0, _LONGEST_SIDE / max(self.image.size))
        return max(1, round(self.image.height * factor)), max(1, round(self.image.width * factor))


class Segmenter(TorchExpert):
    """A model that gives each pixel a class, or a thing and its class."""

    def __init__(self, spec: ipc.Load) -> None:
        """Loads it.

        Options: `threshold`, the lowest score of a thing that is told where a call names none, 0.5 by default.
        """
        checkpoint = Checkpoint(spec)
        self._processor = image_batches.processor(checkpoint)
        if getattr(self._processor, "do_center_crop", False):
            # MobileViT's processor cuts the edges off, of which nothing could be told then: it gets the whole image.
            self._processor.do_center_crop = False
            self._processor.size = self._processor.crop_size
        architecture = str((checkpoint.config.architectures or [""])[0])
        self._by_class = architecture.endswith(_BY_CLASS)
        auto_class = (
            transformers.AutoModelForSemanticSegmentation
            if self._by_class
            else transformers.AutoModelForUniversalSegmentation
        )
        self._model: Model = checkpoint.model(auto_class)
        self._names = class_names.of(checkpoint.config, spec)
        self._threshold = float(spec.options.get("threshold", _DEFAULT_THRESHOLD))
        super().__init__(checkpoint, self._model)

    def warm_up(self) -> None:
        """Cuts a grey image of the largest size that maps have."""
        image = Image.new("RGB", (_LONGEST_SIDE, _LONGEST_SIDE * 3 // 4), "grey")
        items = [_Encoded(image, self._encoded(image), self._threshold)]
        self._classes(items, self._computed(items))

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Cuts the images of a batch; those that are equally large to the model in one pass."""
        return image_batches.compute(
            batch,
            self._read,
            self._run,
            # Things compete for pixels, so that the lowest score decides on the others, too.
            alike=lambda item: (tuple(item.encoded["pixel_values"].shape), item.threshold),
        )

    def _read(self, call: Call) -> _Encoded:
        image = image_inputs.read(call, "image", self.checkpoint.spec.max_image_pixels)
        image_batches.check_shape(call, image, processor=self._processor)
        threshold = call.number("threshold", self._threshold)
        return _Encoded(image, self._encoded(image_inputs.opaque(image)), threshold)

    def _encoded(self, image: Image.Image) -> dict[str, torch.Tensor]:
        return dict(self._processor(images=image, return_tensors="pt"))

    def _run(self, calls: Sequence[Call], read: Sequence[_Encoded]) -> list[Outputs]:
        outputs = self._computed(read)
        if calls[0].task_type == "seg-control":
            return [
                {"image": _painted(call, item.image, segmentations)}
                for call, item, segmentations in zip(calls, read, self._classes(read, outputs), strict=True)
            ]
        if self._by_class:
            segmentations = [self._of_classes(numbers) for numbers in self._classes(read, outputs)]
        else:
            segmentations = self._things(read, outputs)
        return [
            segments.describe(call, item.image, numbers, listed, segments.foreground(numbers, listed))
            for call, item, (numbers, listed) in zip(calls, read, segmentations, strict=True)
        ]

    def _computed(self, read: Sequence[_Encoded]) -> ModelOutput:
        joined = image_batches.joined([item.encoded for item in read])
        with torch.inference_mode():
            outputs = self._model(**self.checkpoint.inputs(joined))
        for name, value in outputs.items():
            if isinstance(value, torch.Tensor) and value.is_floating_point():
                outputs[name] = value.float().cpu()
        return outputs

    def _classes(self, read: Sequence[_Encoded], outputs: ModelOutput) -> list[Array]:
        """Returns the class of each pixel, integer arrays of the size of the maps."""
        maps = self._processor.post_process_semantic_segmentation(outputs, target_sizes=[own.map_size for own in read])
        return [item.cpu().numpy() for item in maps]

    def _of_classes(self, numbers: Array) -> tuple[Array, list[ImageSegment]]:
        """Makes a segment of each class that occurs, the largest first."""
        classes, counts = np.unique(numbers, return_counts=True)
        order = classes[np.argsort(-counts, kind="stable")].tolist()
        places = np.zeros_like(numbers)
        for place, number in enumerate(order, 1):
            places[numbers == number] = place
        return places, [self._segment(place, number) for place, number in enumerate(order, 1)]

    def _segment(self, place: int, number: int, score: float | None = None) -> ImageSegment:
        return ImageSegment(place, self._names.get(number, str(number)), score)

    def _things(self, read: Sequence[_Encoded], outputs: ModelOutput) -> list[tuple[Array, list[ImageSegment]]]:
        panoptic = self._processor.post_process_panoptic_segmentation(
            outputs,
            threshold=read[0].threshold,
            label_ids_to_fuse=set(),
            target_sizes=[encoded.map_size for encoded in read],
        )
        results = []
        for own in panoptic:
            kept = sorted(own["segments_info"], key=lambda item: -item["score"])
            numbers = own["segmentation"].cpu().numpy()
            places = np.zeros(numbers.shape, dtype=np.int64)
            for place, item in enumerate(kept, 1):
                places[numbers == item["id"]] = place
            listed = [
                self._segment(place, item["label_id"], float(item["score"])) for place, item in enumerate(kept, 1)
            ]
            results.append((places, listed))
        return results


load = Segmenter


def _painted(call: Call, image: Image.Image, classes: Array) -> ipc.Plain:
    painted = Image.fromarray(ade20k.paint(classes)).resize(image.size, Image.Resampling.NEAREST)
    return image_outputs.write(call, "image", painted, "segments")
