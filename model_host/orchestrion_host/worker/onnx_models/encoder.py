"""Encoders on onnxruntime, with the tokenizer beside them. Nothing else is imported, so they load in a second."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from orchestrion_host import ipc
from orchestrion_host.worker import weights
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Array, Session
from orchestrion_host.worker.onnx_models import sessions
from orchestrion_host.worker.runtimes import Result
from orchestrion_host.worker.text import control_tokens, embeddings
from orchestrion_host.worker.text.encoding import PASS_TOKENS, Vectors


class OnnxEncoder:
    """A session and its tokenizer; the averaged token states are embeddings."""

    def __init__(self, spec: ipc.Load) -> None:
        """Loads it."""
        folder = Path(spec.folder)
        weights.check(folder, spec.sha256)
        self._session: Session = sessions.start(folder, spec.options)
        self._types = sessions.input_types(self._session)
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        control_tokens.encode_as_text(self._tokenizer)
        self.max_tokens = int(spec.options.get("max_length", 512))
        self._tokenizer.enable_truncation(self.max_tokens)
        padding = self._tokenizer.padding or {}
        self._tokenizer.enable_padding(pad_id=padding.get("pad_id", 0), pad_token=padding.get("pad_token", "[PAD]"))

    def warm_up(self) -> None:
        """Encodes a sentence, and the largest batch, so that the memory figure is true."""
        self._run(["Ready."])
        self._run(["ready " * self.max_tokens] * max(1, PASS_TOKENS // self.max_tokens))

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Computes what vectors of texts are good for."""
        return embeddings.compute(batch, self)

    def parameter_bytes(self) -> int:
        """Returns 0: onnxruntime does not tell; the growth of the process does."""
        return 0

    def unload(self) -> None:
        """Lets go of the session."""
        del self._session, self._tokenizer

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Counts the tokens of each text, those beyond `max_tokens` included."""
        encodings = self._tokenizer.encode_batch(list(texts))
        # The tokenizer cuts to `max_tokens`; what it cut off is kept beside, each piece with marks of its own.
        return [sum(sum(piece.attention_mask) for piece in (item, *item.overflowing)) for item in encodings]

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Turns texts into vectors in one forward pass."""
        return embeddings.pool(*self._run(texts))

    def _run(self, texts: Sequence[str]) -> tuple[Array, Array]:
        """Returns the first output of the model, and the mask of tokens that are none of the padding."""
        encodings = self._tokenizer.encode_batch(list(texts))
        arrays = {
            "input_ids": np.array([encoding.ids for encoding in encodings], dtype=np.int64),
            "attention_mask": np.array([encoding.attention_mask for encoding in encodings], dtype=np.int64),
            "token_type_ids": np.array([encoding.type_ids for encoding in encodings], dtype=np.int64),
        }
        inputs = {name: arrays[name].astype(kind, copy=False) for name, kind in self._types.items() if name in arrays}
        return self._session.run(None, inputs)[0], arrays["attention_mask"]


load = OnnxEncoder
