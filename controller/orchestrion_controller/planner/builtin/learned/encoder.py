"""The trained encoder: pieces of words in, one vector each out. Three layers of a BERT, eight bits a weight."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np

from orchestrion_controller.planner.builtin.learned.features import Array
from orchestrion_controller.planner.builtin.learned.pieces import Piece, Pieces

WEIGHTS: Final = Path(__file__).parent / "weights"
"""Where the weights lie: `encoder.onnx.gz`, `heads.npz` and `vocabulary.txt`, made by `make train-planner`."""

_MOST_AT_ONCE: Final = 32
"""Texts in one pass. Tools of a library go through in passes of this size."""


class Encoder:
    """Reads the weights when it is made, which takes some 50 ms and no more than 30 MB."""

    def __init__(self, folder: Path = WEIGHTS) -> None:
        """Loads the weights of a folder."""
        self._folder = folder
        self.pieces = Pieces((folder / "vocabulary.txt").read_text(encoding="utf-8").splitlines())
        with np.load(folder / "heads.npz", allow_pickle=False) as stored:
            self.heads = {name: stored[name].astype(np.float32) for name in stored.files if "embedding" not in name}
            self._embeddings = stored["embedding"]
            self._scales = stored["embedding_scale"].astype(np.float32)

    @cached_property
    def _session(self) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # One request is short; threads of its own would take cores from experts that run beside the controller.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        layers = gzip.decompress((self._folder / "encoder.onnx.gz").read_bytes())
        return onnxruntime.InferenceSession(layers, options, providers=["CPUExecutionProvider"])

    def encode(self, texts: Sequence[Sequence[Piece]]) -> list[Array]:
        """Encodes texts, those of like length together.

        Returns:
            For each text an array of shape (pieces, width).
        """
        vectors: list[Array | None] = [None] * len(texts)
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
        for start in range(0, len(order), _MOST_AT_ONCE):
            batch = order[start : start + _MOST_AT_ONCE]
            length = max(len(texts[index]) for index in batch)
            ids = np.zeros((len(batch), length), dtype=np.int64)
            mask = np.zeros((len(batch), length), dtype=np.float32)
            for row, index in enumerate(batch):
                ids[row, : len(texts[index])] = [piece.id for piece in texts[index]]
                mask[row, : len(texts[index])] = 1
            embedded = self._embeddings[ids].astype(np.float32) * self._scales[ids][..., None]
            hidden = self._session.run(None, {"embedded": embedded, "mask": mask})[0]
            for row, index in enumerate(batch):
                vectors[index] = hidden[row, : len(texts[index])]
        return [vectors for vectors in vectors if vectors is not None]
