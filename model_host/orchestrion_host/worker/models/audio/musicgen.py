"""Audio generation by MusicGen (Copet et al., 2023): music of a given length from a description."""

from __future__ import annotations

import math
import secrets
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
import transformers

from orchestrion.errors import OrchestrionError
from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Argument, Model, Tokenizer
from orchestrion_host.worker.media.audio import limiting, wav
from orchestrion_host.worker.models.checkpoint import Checkpoint, TorchExpert
from orchestrion_host.worker.models.generation.sampling import RowLogitsProcessor, Sampling
from orchestrion_host.worker.runtimes import Outputs, Result

_USUAL_SECONDS: Final = 8.0
# The model was trained on pieces of this length, and loses itself beyond.
_LONGEST_SECONDS: Final = 30.0
# The paper's.
_USUAL_TOP_K: Final = 250
_MOST_PROMPT_TOKENS: Final = 256


@dataclass(frozen=True)
class MusicRequest:
    """What a call asks for."""

    call: Call
    place: int
    prompt: str
    seconds: float
    tokens: int
    seed: int


class MusicGenerator(TorchExpert):
    """MusicGen in mono or stereo: a text encoder, a decoder of tokens, and the codec that makes them heard."""

    def __init__(self, spec: ipc.Load) -> None:
        """Loads it.

        Raises:
            FailedPreconditionError: EXPERT_LOAD_FAILED: it is no MusicGen.
        """
        checkpoint = Checkpoint(spec)
        if checkpoint.config.model_type != "musicgen":
            kind = checkpoint.config.model_type
            raise spec.refused(f"{kind!r} is no kind of model that this host makes sounds with; it takes musicgen.")
        self._tokenizer: Tokenizer = checkpoint.processor(transformers.AutoTokenizer)
        self._model: Model = checkpoint.model(transformers.MusicgenForConditionalGeneration)
        # Half precision has too few steps for samples; the codec is a small part of the model.
        self._model.audio_encoder.float()
        super().__init__(checkpoint, self._model)
        settings = self._model.generation_config
        self._draws = transformers.GenerationConfig(  # type: ignore[no-untyped-call]  # The library is not typed here.
            do_sample=True, top_k=settings.top_k or _USUAL_TOP_K, top_p=settings.top_p
        )
        codec = self._model.config.audio_encoder
        self._frames_a_second = float(codec.frame_rate)
        self._rate = int(codec.sampling_rate)

    def warm_up(self) -> None:
        """Makes half a second of sound."""
        tokens = max(1, round(self._frames_a_second / 2))
        self._made(["warm"], tokens, [1], _Watch([], tokens))

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Makes sounds; calls that want the same length share the passes."""
        results: dict[int, Result] = {}
        groups: dict[int, list[MusicRequest]] = defaultdict(list)
        for place, call in enumerate(batch):
            try:
                order = self._order(place, call)
                groups[order.tokens].append(order)
            except OrchestrionError as error:
                results[place] = error
        for tokens, orders in groups.items():
            self._fill(tokens, orders, results)
        return [results[place] for place in range(len(batch))]

    def _order(self, place: int, call: Call) -> MusicRequest:
        call.raise_if_cancelled()
        prompt = call.text("prompt").strip()
        if not prompt:
            raise call.bad_input("prompt", "is empty: say what is to be heard.")
        count = len(self._tokenizer(prompt)["input_ids"])
        if count > _MOST_PROMPT_TOKENS:
            problem = f"has {count:,} tokens; this expert reads {_MOST_PROMPT_TOKENS} at most. Shorten it."
            raise call.bad_input("prompt", problem, token_count=count, limit_token_count=_MOST_PROMPT_TOKENS)
        seconds = call.number("duration_seconds", _USUAL_SECONDS)
        if not 0 < seconds <= _LONGEST_SECONDS:
            raise call.bad_input(
                "duration_seconds", f"is {seconds:g}; this expert makes up to {_LONGEST_SECONDS:.0f} seconds."
            )
        seed = int(call.number("seed", -1.0))
        tokens = math.ceil(seconds * self._frames_a_second)
        return MusicRequest(call, place, prompt, seconds, tokens, seed if seed >= 0 else secrets.randbits(32))

    def _fill(self, tokens: int, orders: Sequence[MusicRequest], results: dict[int, Result]) -> None:
        watch = _Watch([order.call for order in orders], tokens)
        try:
            seeds = [order.seed for order in orders]
            # Any: None stands for a sound that nobody waits for any more.
            sounds: Sequence[Any] = self._made([order.prompt for order in orders], tokens, seeds, watch)
        except _AllCancelledError:
            sounds = [None] * len(orders)
        for order, sound in zip(orders, sounds, strict=True):
            try:
                order.call.raise_if_cancelled()
                results[order.place] = self._written(order, sound)
            except OrchestrionError as error:
                results[order.place] = error

    def _made(
        self, prompts: Sequence[str], tokens: int, seeds: Sequence[int], watch: _Watch
    ) -> Sequence[npt.NDArray[np.float32]]:
        """Returns sounds of shape (channels, samples)."""
        encoded = self._tokenizer(list(prompts), padding=True, return_tensors="pt").to(self.checkpoint.device)
        books = self._model.config.decoder.num_codebooks
        rows = [Sampling(1.0, seed * books + book) for seed in seeds for book in range(books)]
        with torch.inference_mode():
            sounds = self._model.generate(
                input_ids=encoded["input_ids"],
                attention_mask=encoded["attention_mask"],
                # The logits processor samples row by row: what a call gets depends on its own seed alone.
                do_sample=False,
                # The codebooks begin one after the other, so that the last needs as many steps more.
                max_new_tokens=tokens + books - 1,
                logits_processor=transformers.LogitsProcessorList([RowLogitsProcessor(rows, self._draws)]),
                stopping_criteria=transformers.StoppingCriteriaList([watch]),
            )
        return list(sounds.float().cpu().numpy())

    def _written(self, order: MusicRequest, sound: npt.NDArray[np.float32]) -> Outputs:
        samples = np.ascontiguousarray(sound.T[: round(order.seconds * self._rate)])
        blocks = limiting.amplified([samples], self._rate, 0.0)
        header = wav.header(self._rate, samples.shape[1])
        pieces = (wav.sixteen_bits(block) for block in blocks)
        return {"audio": order.call.spool.write(pieces, "audio/wav", "music.wav", header=header)}


class _AllCancelledError(Exception):
    """Nobody waits for any of the sounds."""


class _Watch(transformers.StoppingCriteria):
    """Tells how far the sounds are, and ends the work when nobody waits for any of them."""

    def __init__(self, calls: Sequence[Call], tokens: int) -> None:
        self._calls = calls
        self._tokens = tokens
        self._reported = 0

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **kwargs: Argument) -> torch.Tensor:
        del scores, kwargs
        if self._calls and all(call.cancelled for call in self._calls):
            # The library cannot put codebooks together that end early.
            raise _AllCancelledError
        percent = min(100 * input_ids.shape[1] // self._tokens, 100)
        if percent > self._reported:
            self._reported = percent
            for call in self._calls:
                if not call.cancelled:
                    call.progress("composing", percent / 100)
        return torch.zeros(input_ids.shape[0], dtype=torch.bool, device=input_ids.device)


load = MusicGenerator
