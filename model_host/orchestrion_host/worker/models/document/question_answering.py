"""Document question answering: by the words on a page (LayoutLM), or from its image alone (Donut)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
import transformers
from PIL import Image

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Model, Tokenizer
from orchestrion_host.worker.models.checkpoint import Checkpoint, TorchExpert
from orchestrion_host.worker.models.document.layoutlm import LayoutLm
from orchestrion_host.worker.models.generation.counting import count_generated
from orchestrion_host.worker.models.generation.stopping import StopWhenCancelled
from orchestrion_host.worker.models.image import image_batches
from orchestrion_host.worker.models.multimodal import image_text_models
from orchestrion_host.worker.runtimes import Outputs, Result
from orchestrion_host.worker.text import inputs

_PROMPT: Final = "<s_docvqa><s_question>{question}</s_question><s_answer>"
_MARK: Final = re.compile(r"</?s_\w+>|<sep/>|</?s>")
_END: Final = "</s_answer>"
_BETWEEN: Final = "<sep/>"
# A question that leaves no room for an answer is too long.
_LEAST_ROOM: Final = 8


@dataclass(frozen=True, slots=True)
class _Prompt:
    picture: Image.Image
    prompt: tuple[int, ...]


class Donut(TorchExpert):
    """Donut: sees the page, and writes the answer in a form with marks, whose beginning is the question."""

    def __init__(self, spec: ipc.Load) -> None:
        """Loads it.

        Options: `prompt`, the beginning of the form, with `{question}` in it.
        """
        checkpoint = Checkpoint(spec)
        self._processor = image_batches.processor(checkpoint)
        self._tokenizer: Tokenizer = checkpoint.processor(transformers.AutoTokenizer)
        self._model: Model = checkpoint.model(
            transformers.VisionEncoderDecoderModel, unread=image_text_models.UNREAD_BY_DECODERS
        )
        super().__init__(checkpoint, self._model)
        image_text_models.complete(self._model, self._tokenizer)
        self._prompt = str(spec.options.get("prompt", _PROMPT))
        self._places = image_text_models.places(self._model.config)

    def warm_up(self) -> None:
        """Answers a question about an empty page."""
        self._write([], [_Prompt(Image.new("RGB", (640, 640), "white"), self._form("What?"))])

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Answers the questions of a batch: those that are equally long in one pass, without padding."""
        return image_batches.compute(batch, self._read, self._run, alike=lambda prompt: len(prompt.prompt))

    def _read(self, call: Call) -> _Prompt:
        form = self._form(inputs.text(call, "question"))
        if len(form) > self._places - _LEAST_ROOM:
            most = self._places - _LEAST_ROOM
            problem = f"has {len(form)} tokens with its surroundings; this expert reads {most} at most."
            raise call.bad_input("question", problem, token_count=len(form))
        return _Prompt(
            image_batches.image_of(call, self.checkpoint.spec.max_image_pixels, processor=self._processor), form
        )

    def _form(self, question: str) -> tuple[int, ...]:
        before, _, after = self._prompt.partition("{question}")
        # Marks in a question would be taken for those of the form.
        return (
            *self._tokenizer(before, add_special_tokens=False, split_special_tokens=False)["input_ids"],
            *self._tokenizer(_MARK.sub(" ", question), add_special_tokens=False)["input_ids"],
            *self._tokenizer(after, add_special_tokens=False, split_special_tokens=False)["input_ids"],
        )

    def _run(self, calls: Sequence[Call], prompts: Sequence[_Prompt]) -> list[Outputs]:
        return [{"answer": answer} for answer in self._write(calls, prompts)]

    def _write(self, calls: Sequence[Call], items: Sequence[_Prompt]) -> list[str]:
        pixels = self._processor(images=[item.picture for item in items], return_tensors="pt")
        prompts = torch.tensor([item.prompt for item in items], device=self.checkpoint.device)
        unknown = self._tokenizer.unk_token_id
        stops = transformers.StoppingCriteriaList([StopWhenCancelled(calls)] if calls else [])
        with torch.inference_mode():
            written: torch.Tensor = self._model.generate(
                pixel_values=self.checkpoint.inputs(pixels)["pixel_values"],
                decoder_input_ids=prompts,
                max_new_tokens=self._places - prompts.shape[1],
                do_sample=False,
                bad_words_ids=None if unknown is None else [[unknown]],
                stopping_criteria=stops,
            )
        answers = written[:, prompts.shape[1] :].cpu()
        count_generated(calls, answers, self._tokenizer)
        return [self._answer(row) for row in answers]

    def _answer(self, tokens: torch.Tensor) -> str:
        """Reads the answer out of what was written behind the prompt: several are put in a row."""
        text: str = self._tokenizer.decode(tokens, skip_special_tokens=False).split(_END)[0]
        text = text.replace(_BETWEEN, ", ")
        for special in self._tokenizer.all_special_tokens:
            text = text.replace(special, " ")
        return " ".join(_MARK.sub(" ", text).split()).replace(" ,", ",")


def load(spec: ipc.Load) -> Donut | LayoutLm:
    """Loads a model that answers questions about pages.

    Raises:
        FailedPreconditionError: EXPERT_LOAD_FAILED: it needs a reader of text, and none is installed.
    """
    return Donut(spec) if image_text_models.kind_of(spec) == "vision-encoder-decoder" else LayoutLm(spec)
