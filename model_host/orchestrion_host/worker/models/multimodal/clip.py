"""Zero-shot image classification: CLIP, SigLIP and similar models compare an image with a sentence for each label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import torch
import transformers
from PIL import Image

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.classification import class_scores
from orchestrion_host.worker.library_types import Argument, Model, Tokenizer
from orchestrion_host.worker.models.checkpoint import Checkpoint, TorchExpert
from orchestrion_host.worker.models.image import image_batches
from orchestrion_host.worker.runtimes import Outputs, Result
from orchestrion_host.worker.text import token_limits

_TEMPLATE: Final = "This is a photo of {}."
_MOST_LABELS: Final = 256
_USUAL_TOKENS: Final = 77


@dataclass(frozen=True, slots=True)
class _Encoded:
    """What one call brings: pixels of shape (1, channels, height, width), and the labels to choose from."""

    pixels: torch.Tensor
    labels: tuple[str, ...]


class Clip(TorchExpert):
    """A model that says how well an image and a sentence fit."""

    def __init__(self, spec: ipc.Load) -> None:
        """Loads it.

        Options: `template`, the sentence with `{}` in place of the label.
        """
        checkpoint = Checkpoint(spec)
        self._processor = image_batches.processor(checkpoint)
        self._tokenizer: Tokenizer = checkpoint.processor(transformers.AutoTokenizer)
        self._model: Model = checkpoint.model(transformers.AutoModelForZeroShotImageClassification)
        self._template = str(spec.options.get("template", _TEMPLATE))
        # SigLIP was trained with a sigmoid for each pair, and with texts that are all padded to the full length.
        self._sigmoid = checkpoint.config.model_type.startswith("siglip")
        text = getattr(checkpoint.config, "text_config", checkpoint.config)
        self._max_tokens = int(getattr(text, "max_position_embeddings", _USUAL_TOKENS))
        super().__init__(checkpoint, self._model)

    def warm_up(self) -> None:
        """Compares a grey image with a few labels."""
        pixels = self._prepared(Image.new("RGB", (256, 256), "grey"))
        self._logits([_Encoded(pixels, tuple(f"thing number {number}" for number in range(8)))])

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Compares all images of a batch with all labels of it in one pass; each call gets its own pairs."""
        return image_batches.compute(batch, self._read, self._run, alike=lambda item: tuple(item.pixels.shape))

    def _read(self, call: Call) -> _Encoded:
        labels = tuple(dict.fromkeys(str(label).strip() for label in call.inputs.get("labels", ())))
        if not labels or not all(labels):
            raise call.bad_input("labels", "needs at least one label, and none that is empty.")
        if len(labels) > _MOST_LABELS:
            raise call.bad_input("labels", f"has {len(labels)} labels; this expert takes at most {_MOST_LABELS}.")
        token_limits.check_labels(call, labels, self._tokens(labels, padding=False)["input_ids"], self._max_tokens)
        return _Encoded(
            self._prepared(
                image_batches.image_of(call, self.checkpoint.spec.max_image_pixels, processor=self._processor)
            ),
            labels,
        )

    def _prepared(self, image: Image.Image) -> torch.Tensor:
        pixels: torch.Tensor = self._processor(images=image, return_tensors="pt")["pixel_values"]
        return pixels

    def _tokens(self, labels: Sequence[str], **settings: Argument) -> Mapping[str, Argument]:
        """Tokenizes the sentence of each label."""
        tokens: Mapping[str, Argument] = self._tokenizer(
            [self._template.replace("{}", label) for label in labels], **settings
        )
        return tokens

    def _run(self, calls: Sequence[Call], read: Sequence[_Encoded]) -> list[Outputs]:
        del calls
        return [
            class_scores.describe(
                [
                    {"label": label, "score": share}
                    for label, share in zip(item.labels, self._shares(row).tolist(), strict=True)
                ]
            )
            for item, row in zip(read, self._logits(read), strict=True)
        ]

    def _shares(self, logits: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(logits) if self._sigmoid else torch.softmax(logits, dim=-1)

    def _logits(self, read: Sequence[_Encoded]) -> list[torch.Tensor]:
        """Returns for each call the logits of its labels, in their order."""
        labels = list(dict.fromkeys(label for item in read for label in item.labels))
        settings = {"padding": "max_length", "max_length": self._max_tokens} if self._sigmoid else {"padding": True}
        tokens = self._tokens(labels, return_tensors="pt", **settings)
        encoded = self.checkpoint.inputs({**tokens, "pixel_values": torch.cat([item.pixels for item in read])})
        with torch.inference_mode():
            logits = self._model(**encoded).logits_per_image.float().cpu()
        return [row[[labels.index(label) for label in item.labels]] for item, row in zip(read, logits, strict=True)]


load = Clip
