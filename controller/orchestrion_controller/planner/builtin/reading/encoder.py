"""The trained encoder: pieces of words in, one vector each out. A frozen base, and three layers of a BERT on it."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np

from orchestrion_controller.planner.builtin.reading.base import Base
from orchestrion_controller.planner.builtin.reading.features import Array
from orchestrion_controller.planner.builtin.reading.pieces import VOCABULARY, Piece, Pieces

WEIGHTS: Final = Path(__file__).parent / "weights"
"""Where the weights lie: `encoder.onnx.gz` and `heads.npz`, made by `make train-planner`."""

_MOST_AT_ONCE: Final = 32
"""Texts in one pass. The abilities of a library go through in passes of this size."""


class Encoder:
    """Reads the weights when it is made, which takes a second or two and some 100 MB."""

    def __init__(self, folder: Path = WEIGHTS) -> None:
        """Loads the weights of a folder."""
        self._folder = folder
        self.pieces = Pieces()
        self._base = Base()
        with np.load(folder / "heads.npz", allow_pickle=False) as stored:
            # Digests are whole numbers of 64 bits, and would not survive as others.
            self.heads = {
                name: stored[name] if name.endswith("_digests") else stored[name].astype(np.float32)
                for name in stored.files
            }

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
            marks = np.maximum(ids - VOCABULARY + 1, 0)
            inputs = {"base": self._base.vectors(ids, mask), "marks": marks, "mask": mask}
            hidden = self._session.run(None, inputs)[0]
            for row, index in enumerate(batch):
                vectors[index] = hidden[row, : len(texts[index])]
        return [vectors for vectors in vectors if vectors is not None]
