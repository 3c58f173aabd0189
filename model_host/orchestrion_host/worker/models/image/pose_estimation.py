"""Pose estimation, drawn as OpenPose does: ViTPose, on the persons that a detector finds or on the whole image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import torch
import transformers
from PIL import Image

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Model
from orchestrion_host.worker.media.image import poses
from orchestrion_host.worker.media.image.detections import Box
from orchestrion_host.worker.media.image.poses import Pose
from orchestrion_host.worker.models.checkpoint import TorchExpert
from orchestrion_host.worker.models.image import image_batches, pose_heatmaps
from orchestrion_host.worker.runtimes import Outputs, Result

_Heatmaps: TypeAlias = Any
"""A float array of shape (persons, joints, height, width). Any: an empty tuple stands for no persons."""

_PART: Final = "detector"
_PERSON: Final = "person"
_PERSON_THRESHOLD: Final = 0.3
_JOINT_THRESHOLD: Final = 0.3
_COCO_JOINTS: Final = 17
_MOST_PERSONS: Final = 32
_PERSONS_PER_PASS: Final = 16


class PoseEstimator(TorchExpert):
    """A pose model, and a detector of persons where the catalogue names one."""

    def __init__(self, spec: ipc.Load) -> None:
        """Loads them.

        Options: `threshold`, how surely a joint must be found to be drawn, 0.3 when left out.

        Raises:
            FailedPreconditionError: EXPERT_LOAD_FAILED: the model knows other joints than COCO's.
        """
        checkpoint = image_batches.exact(spec)
        self._processor = image_batches.processor(checkpoint)
        self._model: Model = checkpoint.model(transformers.VitPoseForPoseEstimation)
        if checkpoint.config.num_labels != _COCO_JOINTS:
            raise spec.refused(f"knows {checkpoint.config.num_labels} joints; expected COCO's {_COCO_JOINTS}.")
        self._detector: Model = None
        modules = [self._model]
        if _PART in spec.parts:
            folder = checkpoint.part(_PART)
            self._detector = checkpoint.model(transformers.AutoModelForObjectDetection, folder)
            self._detector_processor = image_batches.processor(checkpoint, folder)
            modules.append(self._detector)
        super().__init__(checkpoint, *modules)
        self._width, self._height = int(self._processor.size["width"]), int(self._processor.size["height"])
        self._threshold = float(spec.options.get("threshold", _JOINT_THRESHOLD))

    def warm_up(self) -> None:
        """Looks at as many persons as go through the model at once, and for persons in a grey image."""
        grey = Image.new("RGB", (640, 480), "grey")
        if self._detector is not None:
            self._persons([grey])
        self._heatmaps([Image.new("RGB", (self._width, self._height), "grey")] * _PERSONS_PER_PASS)

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Draws the poses in the images of a batch; the persons of all of them go through the model together."""
        return image_batches.compute(batch, self._read, self._run)

    def _read(self, call: Call) -> Image.Image:
        most = self.checkpoint.spec.max_image_pixels
        if self._detector is None:
            return image_batches.image_of(call, most)
        patch = image_batches.patch_of(self._detector.config)
        return image_batches.image_of(call, most, processor=self._detector_processor, patch=patch)

    def _run(self, calls: Sequence[Call], read: Sequence[Image.Image]) -> list[Outputs]:
        persons = self._persons(read)
        frames = [
            [pose_heatmaps.framed(box, self._width, self._height) for box in boxes[:_MOST_PERSONS]] for boxes in persons
        ]
        crops = [
            pose_heatmaps.crop(image, frame, self._width, self._height)
            for image, some in zip(read, frames, strict=True)
            for frame in some
        ]
        heatmaps = self._heatmaps(crops)
        outputs: list[Outputs] = []
        start = 0
        for call, image, some in zip(calls, read, frames, strict=True):
            seen = self._poses(heatmaps[start : start + len(some)], some)
            start += len(some)
            outputs.append(poses.describe(call, image.size, seen, self._threshold))
        return outputs

    def _persons(self, read: Sequence[Image.Image]) -> list[list[Box]]:
        """Returns the boxes around persons in each image, the surest first."""
        if self._detector is None:
            return [[Box(0, 0, image.width, image.height)] for image in read]
        persons = []
        for image in read:
            # One by one: some detectors pad images of other sizes, and see the padding.
            encoded = self._detector_processor(images=image, return_tensors="pt")
            with torch.inference_mode():
                outputs = self._detector(**self.checkpoint.inputs(encoded))
            result = self._detector_processor.post_process_object_detection(
                outputs, threshold=_PERSON_THRESHOLD, target_sizes=[(image.height, image.width)]
            )[0]
            names = self._detector.config.id2label
            boxes = [
                (score, Box(*box).within(image.width, image.height))
                for score, label, box in zip(
                    result["scores"].tolist(), result["labels"].tolist(), result["boxes"].tolist(), strict=True
                )
                if str(names.get(label, "")).casefold() == _PERSON
            ]
            boxes.sort(key=lambda item: -item[0])
            persons.append([box for _, box in boxes if box.area >= 1])
        return persons

    def _heatmaps(self, crops: Sequence[Image.Image]) -> _Heatmaps:
        """Returns an array of shape (persons, joints, height, width)."""
        if not crops:
            return ()
        passes = []
        for start in range(0, len(crops), _PERSONS_PER_PASS):
            some = list(crops[start : start + _PERSONS_PER_PASS])
            encoded = self._processor(images=some, boxes=None, do_affine_transform=False, return_tensors="pt")
            inputs = self.checkpoint.inputs(encoded)
            if getattr(self.checkpoint.config.backbone_config, "num_experts", 1) > 1:
                # The first of the experts inside the model is that of COCO.
                inputs["dataset_index"] = torch.zeros(len(some), dtype=torch.long, device=self.checkpoint.device)
            with torch.inference_mode():
                passes.append(self._model(**inputs).heatmaps.float().cpu())
        return torch.cat(passes).numpy()

    def _poses(self, heatmaps: _Heatmaps, frames: list[Box]) -> list[Pose]:
        if not frames:
            return []
        points, scores = pose_heatmaps.joints(heatmaps, frames)
        return [
            Pose(tuple((x, y) for x, y in person.tolist()), tuple(row.tolist()))
            for person, row in zip(points, scores, strict=True)
        ]


load = PoseEstimator
