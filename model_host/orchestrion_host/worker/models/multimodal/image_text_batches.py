"""What captioning and visual question answering share: batches of images and prompts through a model, into texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
import transformers
from PIL import Image

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.models.checkpoint import Checkpoint, TorchExpert
from orchestrion_host.worker.models.generation.counting import count_generated
from orchestrion_host.worker.models.generation.stopping import StopWhenCancelled
from orchestrion_host.worker.models.image import image_batches
from orchestrion_host.worker.models.multimodal import image_text_models
from orchestrion_host.worker.runtimes import Outputs, Result
from orchestrion_host.worker.text import inputs

_GREY: Final = (128, 128, 128)


@dataclass(frozen=True, slots=True)
class _Prompt:
    picture: Image.Image
    prompt: tuple[int, ...]


class ImageTextExpert(TorchExpert):
    """Writes texts about images."""

    def __init__(self, spec: ipc.Load, task_type: str, output: str, usual_tokens: int) -> None:
        """Loads the model.

        Options: `max_tokens`, the most tokens of a text; `num_beams`, how many candidates are followed; `prompt`, the
        wording of a question for models that take one, with `{question}` in it.

        Args:
            spec: The expert.
            task_type: One of `image-to-text` and `visual-question-answering`.
            output: The name of the output for the text.
            usual_tokens: The most tokens where the options do not say.

        Raises:
            FailedPreconditionError: EXPERT_LOAD_FAILED: no writer of a known kind, or an option is wrong.
        """
        checkpoint = Checkpoint(spec)
        self._processor = image_batches.processor(checkpoint)
        self._writer = image_text_models.load(checkpoint, task_type)
        super().__init__(checkpoint, self._writer.model)
        self._is_question = task_type == "visual-question-answering"
        self._output = output
        self._places = image_text_models.places(self._writer.model.config)
        self._most_tokens = image_batches.count(spec, "max_tokens", usual_tokens)
        self._settings = {"num_beams": image_batches.count(spec, "num_beams", 1)} if "num_beams" in spec.options else {}

    def warm_up(self) -> None:
        """Writes about a grey image."""
        prompt = self._writer.prompt("What is this?" if self._is_question else None)
        self._write([], [_Prompt(Image.new("RGB", (64, 64), _GREY), tuple(prompt))])

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Writes about the images of a batch: those whose prompts are equally long in one pass, without padding."""
        return image_batches.compute(batch, self._read, self._run, alike=lambda prompt: len(prompt.prompt))

    def _read(self, call: Call) -> _Prompt:
        prompt = self._writer.prompt(inputs.text(call, "question") if self._is_question else None)
        if len(prompt) >= self._places:
            problem = f"has {len(prompt)} tokens with its surroundings; this expert reads {self._places - 1} at most."
            raise call.bad_input("question", problem, token_count=len(prompt))
        return _Prompt(
            image_batches.image_of(call, self.checkpoint.spec.max_image_pixels, processor=self._processor),
            tuple(prompt),
        )

    def _run(self, calls: Sequence[Call], prompts: Sequence[_Prompt]) -> list[Outputs]:
        return [{self._output: text} for text in self._write(calls, prompts)]

    def _write(self, calls: Sequence[Call], items: Sequence[_Prompt]) -> list[str]:
        device = self.checkpoint.device
        pixels = self._processor(images=[item.picture for item in items], return_tensors="pt")
        prompts = torch.tensor([item.prompt for item in items], dtype=torch.long, device=device)
        room = max(1, self._places - prompts.shape[1])
        stops = transformers.StoppingCriteriaList([StopWhenCancelled(calls)] if calls else [])
        with torch.inference_mode():
            tokens: torch.Tensor = self._writer.write(
                self.checkpoint.inputs(pixels)["pixel_values"],
                prompts,
                max_new_tokens=min(self._most_tokens, room),
                do_sample=False,
                stopping_criteria=stops,
                **self._settings,
            )
        tokens = tokens.cpu()
        count_generated(calls, tokens, self._writer.tokenizer)
        texts = self._writer.tokenizer.batch_decode(tokens, skip_special_tokens=True)
        return [" ".join(text.split()) for text in texts]
