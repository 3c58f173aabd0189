"""What sentence embeddings are for, whichever runtime computes them: similarity, and the vectors themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

import numpy as np

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.runtimes import Outputs

Vectors: TypeAlias = "np.ndarray[Any, np.dtype[np.float32]]"
"""One row of length 1 for each text."""

Encoder: TypeAlias = Callable[[Sequence[str]], Vectors]
"""Turns texts into vectors in one forward pass."""

TASK_TYPES: Final = frozenset({"sentence-similarity", "feature-extraction"})
"""The task types that `compute` performs."""


def pool(states: Any, mask: Any) -> Vectors:
    """Averages the states of the tokens that are none of the padding, and scales to length 1.

    Args:
        states: Float array of shape (texts, tokens, width).
        mask: Array of shape (texts, tokens): 1 for a token, 0 for padding.

    Returns:
        Float array of shape (texts, width).
    """
    weights = np.asarray(mask, dtype=np.float32)[:, :, None]
    sums = (np.asarray(states, dtype=np.float32) * weights).sum(axis=1)
    means = sums / np.maximum(weights.sum(axis=1), 1e-9)
    vectors: Vectors = means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
    return vectors


def compute(batch: Sequence[Call], encode: Encoder) -> list[Outputs]:
    """Performs a batch of one of `TASK_TYPES` with one forward pass over all its texts."""
    names = ("text", "other") if batch[0].task_type == "sentence-similarity" else ("text",)
    texts = [call.text(name) for call in batch for name in names]
    different = list(dict.fromkeys(texts))
    rows = dict(zip(different, encode(different), strict=True))
    if len(names) == 1:
        return [{"embedding": {"json": rows[text].tolist()}} for text in texts]
    pairs = zip(texts[::2], texts[1::2], strict=True)
    # Rounding may leave the cosine of equal texts a little above 1.
    return [{"score": float(np.clip(rows[text] @ rows[other], -1.0, 1.0))} for text, other in pairs]
