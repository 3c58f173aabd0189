"""VLMs (vision-language models) such as LLaVA, Idefics3 and SmolVLM, prompted by their own chat template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import torch
import transformers
from PIL import Image

from orchestrion.errors import Reason
from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Argument, Model, Processor
from orchestrion_host.worker.models.checkpoint import Checkpoint, TorchExpert
from orchestrion_host.worker.models.generation.counting import count_generated
from orchestrion_host.worker.models.generation.stopping import StopWhenCancelled
from orchestrion_host.worker.models.image import image_batches
from orchestrion_host.worker.runtimes import Outputs, Result, one_by_one
from orchestrion_host.worker.text import control_tokens, inputs

_DESCRIBE: Final = "Describe this picture in one sentence."
_READ: Final = "Write down the text in this picture, line by line, and nothing else."
_ANSWER: Final = "{question} Answer in a few words."
_USUAL_TOKENS: Final = 256


class VisionLanguageModel(TorchExpert):
    """A chat of one turn about each image. Images become unequally many tokens, so each goes alone."""

    def __init__(self, spec: ipc.Load, output: str) -> None:
        """Loads the model.

        Options: `max_tokens`, the most tokens of a text, 256 when left out; `prompt`, what is asked, with `{question}`
        in it where there is one.

        Args:
            spec: The expert.
            output: The name of the output for the text.

        Raises:
            FailedPreconditionError: EXPERT_LOAD_FAILED: it is no model for chats about images.
        """
        checkpoint = Checkpoint(spec)
        if type(checkpoint.config) not in transformers.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING:
            raise spec.refused(f"a model of kind {checkpoint.config.model_type!r} writes nothing about pictures.")
        self._processor: Processor = checkpoint.processor(transformers.AutoProcessor, backend="pil")
        if not getattr(self._processor, "chat_template", None):
            text = f"{spec.expert_id} has no chat template, so that it is not known how to ask it."
            raise Reason.EXPERT_LOAD_FAILED.error(text, expert=spec.expert_id)
        self._model: Model = checkpoint.model(transformers.AutoModelForImageTextToText)
        super().__init__(checkpoint, self._model)
        self._output = output
        self._wording = spec.options.get("prompt")
        self._most_tokens = image_batches.count(spec, "max_tokens", _USUAL_TOKENS)

    def warm_up(self) -> None:
        """Writes a little about a grey image."""
        self._write([], Image.new("RGB", (640, 480), "grey"), _DESCRIBE, most_tokens=8)

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Writes about each image."""
        return one_by_one(batch, self._compute)

    def _compute(self, call: Call) -> Outputs:
        if self._output == "answer":
            prompt = str(self._wording or _ANSWER).replace("{question}", inputs.text(call, "question"))
        else:
            prompt = str(self._wording or (_DESCRIBE if call.text("domain") == "caption" else _READ))
        image = image_batches.image_of(call, self.checkpoint.spec.max_image_pixels)
        written = self._write([call], image, prompt, most_tokens=self._most_tokens)
        call.raise_if_cancelled()
        return {self._output: written}

    def _write(self, calls: Sequence[Call], image: Image.Image, question: str, *, most_tokens: int) -> str:
        encoded = self._encoded(image, question)
        stops = transformers.StoppingCriteriaList([StopWhenCancelled(calls)] if calls else [])
        with torch.inference_mode():
            tokens: torch.Tensor = self._model.generate(
                **self.checkpoint.inputs(encoded),
                max_new_tokens=most_tokens,
                do_sample=False,
                stopping_criteria=stops,
            )
        new = tokens[0, encoded["input_ids"].shape[1] :].cpu()
        count_generated(calls, new.unsqueeze(0), self._processor.tokenizer)
        return str(self._processor.decode(new, skip_special_tokens=True)).strip()

    def _encoded(self, image: Image.Image, question: str) -> Mapping[str, Argument]:
        """Puts an image and a question into the template; control tokens in the question are text.

        Such as `<image>`, which would stand for another image.
        """
        try:
            return self._templated(image, question, sanitize_control_tokens=True)
        except NotImplementedError:
            # The library does it for templates alone that write the marks of beginnings themselves.
            names = self._processor.tokenizer.all_special_tokens
            return self._templated(image, control_tokens.spaced(question, names))

    def _templated(self, image: Image.Image, question: str, **settings: Argument) -> Mapping[str, Argument]:
        turn = {"role": "user", "content": [{"type": "image", "image": image}, {"type": "text", "text": question}]}
        encoded: Mapping[str, Argument] = self._processor.apply_chat_template(
            [turn], add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt", **settings
        )
        return encoded
