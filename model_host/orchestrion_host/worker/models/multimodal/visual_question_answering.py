"""Visual question answering: an answer is classified (ViLT) or generated (BLIP, BLIP-2, GIT, VLMs)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
import transformers
from PIL import Image

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Model, Tokenizer
from orchestrion_host.worker.models.checkpoint import Checkpoint, TorchExpert
from orchestrion_host.worker.models.image import image_batches
from orchestrion_host.worker.models.multimodal import image_text_models
from orchestrion_host.worker.models.multimodal.image_text_batches import ImageTextExpert
from orchestrion_host.worker.models.multimodal.vlm import VisionLanguageModel
from orchestrion_host.worker.runtimes import Outputs, Result
from orchestrion_host.worker.text import inputs, token_limits

_USUAL_TOKENS: Final = 20
_MOST_ANSWERS: Final = 5
# Images are reduced to about 384 x 640 pixels; the largest that fits is computed to warm up.
_LARGEST: Final = (640, 384)


class AnswerClassifier(TorchExpert):
    """ViLT: each of some thousand usual answers has a probability of its own."""

    def __init__(self, spec: ipc.Load) -> None:
        """Loads it."""
        checkpoint = Checkpoint(spec)
        # Otherwise the patches of large images would be drawn at random.
        checkpoint.config.max_image_length = -1
        self._processor = image_batches.processor(checkpoint)
        self._tokenizer: Tokenizer = checkpoint.processor(transformers.AutoTokenizer)
        self._model: Model = checkpoint.model(transformers.ViltForQuestionAnswering, config=checkpoint.config)
        super().__init__(checkpoint, self._model)
        self._most_tokens = token_limits.most_tokens(checkpoint.config, spec, self._tokenizer)
        self._names = {int(place): str(name) for place, name in checkpoint.config.id2label.items()}

    def warm_up(self) -> None:
        """Answers a question about a grey image of the largest size."""
        self._scores([(Image.new("RGB", _LARGEST, "grey"), "What is this?")])

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Answers the questions of a batch in one pass; padding of images and questions is masked."""
        return image_batches.compute(batch, self._read, self._run)

    def _read(self, call: Call) -> tuple[Image.Image, str]:
        question = inputs.text(call, "question")
        count = len(self._tokenizer(question)["input_ids"])
        if count > self._most_tokens:
            problem = f"has {count} tokens; this expert reads {self._most_tokens} at most."
            raise call.bad_input("question", problem, token_count=count)
        return image_batches.image_of(call, self.checkpoint.spec.max_image_pixels, processor=self._processor), question

    def _run(self, calls: Sequence[Call], questions: Sequence[tuple[Image.Image, str]]) -> list[Outputs]:
        del calls
        return [self._outputs(row) for row in self._scores(questions)]

    def _scores(self, questions: Sequence[tuple[Image.Image, str]]) -> torch.Tensor:
        """Returns the probability of each answer, a tensor of shape (questions, answers)."""
        pixels = self._processor(images=[image for image, _ in questions], return_tensors="pt")
        tokens = self._tokenizer([question for _, question in questions], padding=True, return_tensors="pt")
        with torch.inference_mode():
            encoded = self.checkpoint.inputs({**tokens, **pixels})
            scores: torch.Tensor = self._model(**encoded).logits.float().sigmoid().cpu()
        return scores

    def _outputs(self, scores: torch.Tensor) -> Outputs:
        best = scores.topk(min(_MOST_ANSWERS, len(scores)))
        ranked = [
            {"answer": self._names.get(place, str(place)), "score": score}
            for score, place in zip(best.values.tolist(), best.indices.tolist(), strict=True)
        ]
        return {"answer": ranked[0]["answer"], "score": ranked[0]["score"], "scores": {"json": ranked}}


def load(spec: ipc.Load) -> AnswerClassifier | ImageTextExpert | VisionLanguageModel:
    """Loads a model that answers questions about images.

    Raises:
        FailedPreconditionError: EXPERT_LOAD_FAILED: it is of no known kind.
    """
    kind = image_text_models.kind_of(spec)
    if kind == "vilt":
        return AnswerClassifier(spec)
    if kind not in image_text_models.KINDS:
        return VisionLanguageModel(spec, "answer")
    return ImageTextExpert(spec, "visual-question-answering", "answer", _USUAL_TOKENS)
