"""Seq2seq models (encoder-decoders) of text: instructions, summaries and translations, streamed."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Generator, Sequence
from typing import Final, TypeAlias

import torch
import transformers

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Model, Tokenizer
from orchestrion_host.worker.models.checkpoint import Checkpoint, TorchExpert
from orchestrion_host.worker.models.generation import parameters
from orchestrion_host.worker.models.generation.detokenization import OrderedParts
from orchestrion_host.worker.models.text.seq2seq_batches import EncoderInput, Seq2SeqBatches
from orchestrion_host.worker.models.text.summarization import Summaries
from orchestrion_host.worker.models.text.translation import Translations
from orchestrion_host.worker.models.text.translation_languages import TranslationLanguages
from orchestrion_host.worker.runtimes import Outputs, Result, steps
from orchestrion_host.worker.text import inputs, token_limits

Steps: TypeAlias = Generator[Sequence[EncoderInput], Sequence[str], Outputs]
"""How a task is done on one call: yields the texts to be rewritten, gets what was written, and returns the outputs."""

_USUAL_TOKENS: Final = 256
_MOST_TOKENS: Final = 1024


class Seq2SeqModel(TorchExpert):
    """A model of the kind of T5, BART, Pegasus, Marian, M2M100, NLLB or mBART."""

    def __init__(self, spec: ipc.Load) -> None:
        """Loads it.

        Options: `max_length`, the tokens that are read at once (the model's own limit, at most 1,024, when left out);
        `max_tokens`, how many are written at most when a call does not say (256); `prefix`, what is put in front of
        each text (that of the checkpoint when left out).
        """
        checkpoint = Checkpoint(spec)
        with warnings.catch_warnings():
            # Marian's asks for a package that only normalises punctuation.
            warnings.filterwarnings("ignore", "Recommended: pip install sacremoses", UserWarning)
            self.tokenizer: Tokenizer = checkpoint.processor(transformers.AutoTokenizer)
        self.model: Model = checkpoint.model(transformers.AutoModelForSeq2SeqLM)
        super().__init__(checkpoint, self.model)
        self.lock = threading.Lock()
        """Holds the tokenizer while it is set to a language, which it keeps as a state."""
        self.max_tokens = token_limits.most_tokens(checkpoint.config, spec, self.tokenizer)
        if "max_length" not in spec.options:
            self.max_tokens = min(self.max_tokens, _MOST_TOKENS)
        self.usual_tokens = int(spec.options.get("max_tokens", _USUAL_TOKENS))
        languages = TranslationLanguages(checkpoint, self.tokenizer) if "translation" in spec.task_types else None
        silent = languages.tokens if languages else ()
        self._batches = Seq2SeqBatches(self.model, self.tokenizer, checkpoint, silent)
        settings = self.model.generation_config
        self.own_lengths = (settings.min_length or 0, settings.max_length or settings.max_new_tokens or 0)
        """How many tokens the checkpoint writes at least and at most by itself; 0 where it does not say."""
        # Each call brings a length, of which the library would say that it goes before these.
        settings.min_length = settings.max_length = settings.max_new_tokens = None
        self._summaries = Summaries(self) if "summarization" in spec.task_types else None
        self._translations = Translations(self, languages) if languages else None

    def warm_up(self) -> None:
        """Reads a text of the greatest length and writes two tokens."""
        ids = torch.full((1, self.max_tokens), self._batches.pad, device=self.checkpoint.device)
        with torch.inference_mode():
            self.model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=2)

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Writes the texts of a batch; the calls go step by step together."""
        return steps.together(batch, self._steps, self._write)

    def encode(self, text: str) -> list[int]:
        """Returns the tokens of a text with the model's marks, however many there are."""
        with self.lock:
            tokens: list[int] = self.tokenizer(text)["input_ids"]
        return tokens

    def _steps(self, call: Call) -> Steps:
        if self._translations and call.task_type == "translation":
            return self._translations.steps(call)
        if self._summaries and call.task_type == "summarization":
            return self._summaries.steps(call)
        return self._rewrite(call)

    def _rewrite(self, call: Call) -> Steps:
        """Does what a text says or asks for, in one go."""
        most = parameters.most_tokens(call, self.usual_tokens)
        text = str(self.checkpoint.spec.options.get("prefix", "")) + inputs.text(call, "text")
        tokens = self.encode(text)
        if len(tokens) > self.max_tokens:
            problem = f"has {len(tokens):,} tokens; this expert reads {self.max_tokens:,} at once. Shorten it."
            raise call.bad_input("text", problem, token_count=len(tokens), limit_token_count=self.max_tokens)
        parts = OrderedParts(call, [""])
        [written] = yield [EncoderInput(call, tokens, (("max_new_tokens", min(most, _MOST_TOKENS)),), parts)]
        return {"text": written}

    def _write(self, wanted: Sequence[tuple[Call, Sequence[EncoderInput]]]) -> list[list[str]]:
        """Writes what several calls want, and returns for each the texts in its order."""
        written = iter(self._batches.write([source for _, own in wanted for source in own]))
        return [[next(written) for _ in own] for _, own in wanted]


load = Seq2SeqModel
