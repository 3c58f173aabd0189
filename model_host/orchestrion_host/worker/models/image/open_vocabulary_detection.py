"""Object detection by labels that come with the request: OWL-ViT, OWLv2 and Grounding DINO."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
import transformers
from PIL import Image

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Model, Tokenizer
from orchestrion_host.worker.media.image import image_inputs
from orchestrion_host.worker.media.image.detections import Box, Detection, without_repeats
from orchestrion_host.worker.models import single_precision
from orchestrion_host.worker.models.checkpoint import Checkpoint, TorchExpert
from orchestrion_host.worker.models.image import detected_objects, image_batches
from orchestrion_host.worker.runtimes import Outputs, Result
from orchestrion_host.worker.text import token_limits

_KINDS: Final = ("owlvit", "owlv2", "grounding-dino", "mm-grounding-dino")
_DEFAULT_THRESHOLDS: Final = {"owlvit": 0.1, "owlv2": 0.2}
_USUAL_THRESHOLD: Final = 0.3
_MOST_LABELS: Final = 64
_PHRASE: Final = "a photo of a {}"


@dataclass(frozen=True, slots=True)
class _Encoded:
    """What one call brings: the image, its pixels for the model, the labels to look for, and the lowest score."""

    image: Image.Image
    encoded: dict[str, torch.Tensor]
    labels: tuple[str, ...]
    threshold: float


class OpenVocabularyDetector(TorchExpert):
    """A model that finds what it is told the names of."""

    def __init__(self, spec: ipc.Load) -> None:
        """Loads it.

        Options: `threshold`, the lowest score that is told where a call names none.

        Raises:
            FailedPreconditionError: EXPERT_LOAD_FAILED: it is of none of the known kinds.
        """
        checkpoint = Checkpoint(single_precision.preferred(spec))
        self._kind = checkpoint.config.model_type
        if self._kind not in _KINDS:
            raise spec.refused(f"a model of kind {self._kind!r} is not known; {', '.join(_KINDS)} are.")
        self._processor = image_batches.processor(checkpoint)
        self._tokenizer: Tokenizer = checkpoint.processor(transformers.AutoTokenizer)
        self._model: Model = checkpoint.model(transformers.AutoModelForZeroShotObjectDetection)
        self._threshold = float(spec.options.get("threshold", _DEFAULT_THRESHOLDS.get(self._kind, _USUAL_THRESHOLD)))
        text = getattr(checkpoint.config, "text_config", checkpoint.config)
        places = token_limits.most_tokens(text, spec, self._tokenizer)
        self._most_tokens = min(places, int(getattr(checkpoint.config, "max_text_len", places)))
        super().__init__(checkpoint, self._model)

    def warm_up(self) -> None:
        """Looks for two things on a grey image."""
        image = Image.new("RGB", (1333, 800), "grey")
        self._detect([_Encoded(image, self._encoded(image), ("cat", "dog"), 1.0)])

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Looks at the images of a batch; those that are alike in size and ask for the same things in one pass."""
        return image_batches.compute(
            batch,
            self._read,
            self._run,
            alike=lambda item: (item.labels, tuple(item.encoded["pixel_values"].shape)),
        )

    def _read(self, call: Call) -> _Encoded:
        labels = tuple(dict.fromkeys(str(label).strip() for label in call.inputs.get("labels", ())))
        if not labels or not all(labels):
            raise call.bad_input("labels", "needs at least one label, and none that is empty.")
        if len(labels) > _MOST_LABELS:
            raise call.bad_input("labels", f"has {len(labels)} labels; this expert takes at most {_MOST_LABELS}.")
        self._check_lengths(call, labels)
        image = image_inputs.read(call, "image", self.checkpoint.spec.max_image_pixels)
        image_batches.check_shape(call, image, processor=self._processor)
        threshold = call.number("threshold", self._threshold)
        return _Encoded(image, self._encoded(image_inputs.opaque(image)), labels, threshold)

    def _encoded(self, image: Image.Image) -> dict[str, torch.Tensor]:
        return dict(self._processor(images=image, return_tensors="pt"))

    def _run(self, calls: Sequence[Call], read: Sequence[_Encoded]) -> list[Outputs]:
        return [
            detected_objects.describe(call, item.image, detections)
            for call, item, detections in zip(calls, read, self._detect(read), strict=True)
        ]

    def _detect(self, read: Sequence[_Encoded]) -> list[list[Detection]]:
        joined = image_batches.joined([item.encoded for item in read])
        by_sentence = "dino" in self._kind
        tokens = self._sentence(read) if by_sentence else self._phrases(read)
        with torch.inference_mode():
            outputs = self._model(**self.checkpoint.inputs({**joined, **tokens}))
        outputs.logits, outputs.pred_boxes = outputs.logits.float().cpu(), outputs.pred_boxes.float().cpu()
        boxes = outputs.pred_boxes
        scores = torch.sigmoid(outputs.logits)
        if by_sentence:
            scores = self._of_labels(scores, tokens["input_ids"], len(read[0].labels))
        return [self._kept(*rows) for rows in zip(read, scores, boxes, strict=True)]

    def _check_lengths(self, call: Call, labels: Sequence[str]) -> None:
        """Sees that the model reads all labels to their ends."""
        if "dino" not in self._kind:
            tokens = self._tokenizer([_PHRASE.format(label) for label in labels])["input_ids"]
            token_limits.check_labels(call, labels, tokens, self._most_tokens)
            return
        count = len(self._tokenizer(_sentence(labels))["input_ids"])
        if count > self._most_tokens:
            problem = (
                f"has {count} tokens in all; this expert reads {self._most_tokens} at most. Ask for fewer at once."
            )
            raise call.bad_input("labels", problem, token_count=count, limit_token_count=self._most_tokens)

    def _phrases(self, read: Sequence[_Encoded]) -> dict[str, torch.Tensor]:
        """One text for each label, once for each image: OWL wants (images x labels, tokens)."""
        tokens = self._tokenizer(
            [_PHRASE.format(label) for label in read[0].labels],
            padding="max_length",
            max_length=self._most_tokens,
            return_tensors="pt",
        )
        return {name: tensor.repeat(len(read), 1) for name, tensor in tokens.items() if name != "token_type_ids"}

    def _sentence(self, read: Sequence[_Encoded]) -> dict[str, torch.Tensor]:
        """All labels in one text, each ended by a full stop, as Grounding DINO was trained with."""
        return dict(self._tokenizer([_sentence(read[0].labels)] * len(read), return_tensors="pt"))

    def _of_labels(self, scores: torch.Tensor, tokens: torch.Tensor, count: int) -> torch.Tensor:
        """Returns for each box the score of each label: the best of its tokens, which full stops separate.

        Args:
            scores: Of shape (images, boxes, tokens).
            tokens: The sentence, of shape (images, tokens); the same for all.
            count: How many labels there are.
        """
        stop = self._tokenizer.convert_tokens_to_ids(".")
        special = set(self._tokenizer.all_special_ids)
        merged = torch.zeros((*scores.shape[:2], count))
        label = 0
        for place, token in enumerate(tokens[0].tolist()):
            if token == stop:
                label += 1
            elif token not in special and label < count and place < scores.shape[-1]:
                merged[:, :, label] = torch.maximum(merged[:, :, label], scores[:, :, place])
        return merged

    def _kept(self, encoded: _Encoded, scores: torch.Tensor, boxes: torch.Tensor) -> list[Detection]:
        """Keeps the boxes above the threshold, each with its best label, and of those that lie on each other one."""
        best = scores.max(dim=-1)
        width, height = encoded.image.size
        if self._kind == "owlv2":
            # Its processor pads images to a square.
            width = height = max(width, height)
        detections = []
        for score, label, (x, y, w, h) in zip(best.values.tolist(), best.indices.tolist(), boxes.tolist(), strict=True):
            if score > encoded.threshold:
                corners = (x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height
                detections.append(Detection(encoded.labels[label], score, Box(*corners)))
        apart = {name: [item for item in detections if item.label == name] for name in encoded.labels}
        return [item for own in apart.values() for item in without_repeats(own)]


def _sentence(labels: Sequence[str]) -> str:
    return " ".join(f"{label.lower().rstrip('.')}." for label in labels)


load = OpenVocabularyDetector
