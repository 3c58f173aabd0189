"""Encoders: the averaged token states are embeddings, and these are good for the tasks of `embeddings.TASK_TYPES`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
import transformers

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Model, Tokenizer
from orchestrion_host.worker.models.checkpoint import Checkpoint, TorchExpert
from orchestrion_host.worker.runtimes import Result
from orchestrion_host.worker.text import embeddings
from orchestrion_host.worker.text.encoding import PASS_TOKENS, Vectors

# Vectors are averages over all tokens; a pooler reads the first one alone.
_UNREAD: Final = (r"(^|\.)pooler\.",)


class TorchEncoder(TorchExpert):
    """A model whose averaged token states are embeddings."""

    def __init__(self, spec: ipc.Load) -> None:
        """Loads it."""
        checkpoint = Checkpoint(spec)
        self._tokenizer: Tokenizer = checkpoint.processor(transformers.AutoTokenizer)
        self.max_tokens = min(int(spec.options.get("max_length", 512)), self._tokenizer.model_max_length)
        self._model: Model = checkpoint.model(transformers.AutoModel, unread=_UNREAD)
        super().__init__(checkpoint, self._model)

    def warm_up(self) -> None:
        """Encodes a sentence, and the largest batch, so that the memory figure is true."""
        self.encode(["Ready."])
        self.encode(["ready " * self.max_tokens] * max(1, PASS_TOKENS // self.max_tokens))

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Computes what vectors of texts are good for."""
        return embeddings.compute(batch, self)

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Counts the tokens of each text, those beyond `max_tokens` included."""
        return [len(ids) for ids in self._tokenizer(list(texts), truncation=False)["input_ids"]]

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Turns texts into vectors in one forward pass."""
        tokens = self._tokenizer(
            list(texts), padding=True, truncation=True, max_length=self.max_tokens, return_tensors="pt"
        ).to(self.checkpoint.device)
        with torch.inference_mode():
            states = self._model(**tokens).last_hidden_state
        return embeddings.pool(states.float().cpu().numpy(), tokens["attention_mask"].cpu().numpy())


load = TorchEncoder
