"""Models that generate text about an image, each with its own prompt: all tokens in, new tokens out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import torch
import transformers

from orchestrion_host import ipc
from orchestrion_host.worker.library_types import Argument, AutoClass, Config, Model, Tokenizer
from orchestrion_host.worker.models.checkpoint import Checkpoint

_QUESTION: Final = "Question: {question} Answer:"
_USUAL_PLACES: Final = 512

KINDS: Final = ("blip", "blip-2", "git", "vision-encoder-decoder")
"""The kinds of models that are asked in a way of their own; others are, if at all, by a chat template."""

UNREAD_BY_DECODERS: Final = (r"^encoder\.pooler\.",)
"""What a decoder does not read of an encoder of images: the summary of the whole; it reads the states of all places."""


class ImageTextModel(Protocol):
    """A model that writes about images; it owns nothing but the model and its tokenizer."""

    model: Model
    tokenizer: Tokenizer

    def prompt(self, question: str | None) -> list[int]:
        """Returns the tokens that ask for a caption (None) or for the answer to a question."""

    def write(self, pixels: torch.Tensor, prompts: torch.Tensor, **settings: Argument) -> torch.Tensor:
        """Writes about each image.

        Args:
            pixels: What the image processor made of the images, a tensor with one row each.
            prompts: Tokens of shape (images, length); all prompts are equally long.
            settings: Of `generate`.

        Returns:
            The new tokens, of shape (images, tokens).
        """


def kind_of(spec: ipc.Load) -> str:
    """Returns the library's name for the kind of a model, such as `blip`."""
    return str(transformers.AutoConfig.from_pretrained(spec.folder, trust_remote_code=False).model_type)


def load(checkpoint: Checkpoint, task_type: str) -> ImageTextModel:
    """Loads the model of a checkpoint as a writer.

    Raises:
        FailedPreconditionError: EXPERT_LOAD_FAILED: it is none of the known kinds.
    """
    kind = checkpoint.config.model_type
    if kind == "blip" and task_type == "visual-question-answering":
        return _BlipAnswers(checkpoint)
    kinds: dict[str, type[_BlipCaptions | _Blip2 | _Git | _EncoderDecoder]] = dict(
        zip(KINDS, (_BlipCaptions, _Blip2, _Git, _EncoderDecoder), strict=True)
    )
    if kind not in kinds or (task_type != "image-to-text" and kind == "vision-encoder-decoder"):
        raise checkpoint.spec.refused(
            f"a model of kind {kind!r} does not perform {task_type}; {', '.join(kinds)} are known."
        )
    made: ImageTextModel = kinds[kind](checkpoint)
    return made


def places(config: Config) -> int:
    """Returns how many tokens, prompt and text together, the part of a model that writes has places for."""
    written = getattr(config, "decoder", None) or getattr(config, "text_config", None) or config
    positions = getattr(written, "max_position_embeddings", None)
    return positions if isinstance(positions, int) and positions > 0 else _USUAL_PLACES


class _Base:
    def __init__(self, checkpoint: Checkpoint, auto_class: AutoClass, unread: Sequence[str] = ()) -> None:
        self.model: Model = checkpoint.model(auto_class, unread=unread)
        self.tokenizer: Tokenizer = checkpoint.processor(transformers.AutoTokenizer)


class _BlipCaptions(_Base):
    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint, transformers.BlipForConditionalGeneration)

    def prompt(self, question: str | None) -> list[int]:
        del question
        return []

    def write(self, pixels: torch.Tensor, prompts: torch.Tensor, **settings: Argument) -> torch.Tensor:
        del prompts
        # The first token says that a text begins.
        written: torch.Tensor = self.model.generate(pixel_values=pixels, **settings)
        return written[:, 1:]


class _BlipAnswers(_Base):
    """A question is encoded together with the image, and another decoder writes the answer."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint, transformers.BlipForQuestionAnswering)

    def prompt(self, question: str | None) -> list[int]:
        tokens: list[int] = self.tokenizer(question or "")["input_ids"]
        return tokens

    def write(self, pixels: torch.Tensor, prompts: torch.Tensor, **settings: Argument) -> torch.Tensor:
        written: torch.Tensor = self.model.generate(
            input_ids=prompts, pixel_values=pixels, attention_mask=torch.ones_like(prompts), **settings
        )
        return written[:, 1:]


class _Blip2(_Base):
    """The places of the image stand in front of the prompt, whose wording the language model was trained with."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint, transformers.Blip2ForConditionalGeneration)
        self._wording = str(checkpoint.spec.options.get("prompt", _QUESTION))

    def prompt(self, question: str | None) -> list[int]:
        text = "" if question is None else self._wording.format(question=question)
        marks = [self.model.config.image_token_id] * self.model.config.num_query_tokens
        return [*marks, *self.tokenizer(text)["input_ids"]]

    def write(self, pixels: torch.Tensor, prompts: torch.Tensor, **settings: Argument) -> torch.Tensor:
        written: torch.Tensor = self.model.generate(pixel_values=pixels, input_ids=prompts, **settings)
        decoder_alone = not self.model.language_model.config.is_encoder_decoder
        return written[:, prompts.shape[1] if decoder_alone else 1 :]


class _Git(_Base):
    """The text goes on after the question, as in a sentence."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint, transformers.GitForCausalLM)

    def prompt(self, question: str | None) -> list[int]:
        return [self.tokenizer.cls_token_id, *self.tokenizer(question or "", add_special_tokens=False)["input_ids"]]

    def write(self, pixels: torch.Tensor, prompts: torch.Tensor, **settings: Argument) -> torch.Tensor:
        written: torch.Tensor = self.model.generate(
            pixel_values=pixels, input_ids=prompts, attention_mask=torch.ones_like(prompts), **settings
        )
        return written[:, prompts.shape[1] :]


class _EncoderDecoder(_Base):
    """An encoder of images and a decoder of texts, such as TrOCR or ViT-GPT2."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__(checkpoint, transformers.VisionEncoderDecoderModel, UNREAD_BY_DECODERS)
        complete(self.model, self.tokenizer)

    def prompt(self, question: str | None) -> list[int]:
        del question
        return [self.model.generation_config.decoder_start_token_id]

    def write(self, pixels: torch.Tensor, prompts: torch.Tensor, **settings: Argument) -> torch.Tensor:
        written: torch.Tensor = self.model.generate(pixel_values=pixels, decoder_input_ids=prompts, **settings)
        return written[:, prompts.shape[1] :]


def complete(model: Model, tokenizer: Tokenizer) -> None:
    """Fills in the tokens that begin, end and pad a text where the generation settings of a checkpoint do not.

    Those of encoders with decoders stand in the configuration of the whole, of the decoder, or in the tokenizer.
    """
    configs = (model.config, model.config.decoder)
    of_tokenizer = {
        "decoder_start_token_id": (tokenizer.bos_token_id, tokenizer.cls_token_id),
        "eos_token_id": (tokenizer.eos_token_id, tokenizer.sep_token_id),
        "pad_token_id": (tokenizer.pad_token_id, tokenizer.eos_token_id),
    }
    for name, others in of_tokenizer.items():
        if getattr(model.generation_config, name) is None:
            candidates: Sequence[int | list[int] | None] = (
                *(getattr(config, name, None) for config in configs),
                *others,
            )
            setattr(model.generation_config, name, next((token for token in candidates if token is not None), 0))
