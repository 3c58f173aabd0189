"""Image classification: ViT, ResNet, ConvNeXt, Swin and every other model with a head for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
import transformers
from PIL import Image

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.classification import class_names, class_scores
from orchestrion_host.worker.library_types import Model
from orchestrion_host.worker.models.checkpoint import Checkpoint, TorchExpert
from orchestrion_host.worker.models.image import image_batches
from orchestrion_host.worker.runtimes import Outputs, Result

# Classifiers of a thousand classes would tell nine hundred of them with shares of nothing.
_MOST_CLASSES: Final = 20


class ImageClassifier(TorchExpert):
    """A model with a logit for each class."""

    def __init__(self, spec: ipc.Load) -> None:
        """Loads it."""
        checkpoint = Checkpoint(spec)
        self._processor = image_batches.processor(checkpoint)
        self._model: Model = checkpoint.model(transformers.AutoModelForImageClassification)
        self._names = class_names.of(checkpoint.config, spec)
        # Several classes may hold at once: each has a share of its own.
        self._several = checkpoint.config.problem_type == "multi_label_classification"
        super().__init__(checkpoint, self._model)

    def warm_up(self) -> None:
        """Classifies as many grey images as a batch has."""
        self._logits([self._prepared(Image.new("RGB", (256, 256), "grey"))])

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Classifies a batch in one pass."""
        return image_batches.compute(batch, self._read, self._run, alike=lambda pixels: tuple(pixels.shape))

    def _read(self, call: Call) -> torch.Tensor:
        return self._prepared(
            image_batches.image_of(call, self.checkpoint.spec.max_image_pixels, processor=self._processor)
        )

    def _prepared(self, image: Image.Image) -> torch.Tensor:
        pixels: torch.Tensor = self._processor(images=image, return_tensors="pt")["pixel_values"]
        return pixels

    def _run(self, calls: Sequence[Call], read: Sequence[torch.Tensor]) -> list[Outputs]:
        del calls
        return [self._described(row) for row in self._logits(read)]

    def _logits(self, read: Sequence[torch.Tensor]) -> torch.Tensor:
        encoded = self.checkpoint.inputs({"pixel_values": torch.cat(list(read))})
        with torch.inference_mode():
            logits: torch.Tensor = self._model(**encoded).logits.float().cpu()
        return logits

    def _described(self, logits: torch.Tensor) -> Outputs:
        shares = torch.sigmoid(logits) if self._several else torch.softmax(logits, dim=-1)
        best = torch.topk(shares, min(_MOST_CLASSES, len(shares)))
        return class_scores.describe(
            [
                {"label": self._names.get(place, str(place)), "score": share}
                for share, place in zip(best.values.tolist(), best.indices.tolist(), strict=True)
            ]
        )


load = ImageClassifier
