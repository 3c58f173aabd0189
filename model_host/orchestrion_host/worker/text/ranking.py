"""Which rows of many say the most together: centrality, and choosing without saying the same twice. Pure numpy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

Numbers: TypeAlias = npt.NDArray[np.floating[Any]]
"""Floating-point numbers; Any: of any precision."""

_BLOCK_ROWS: Final = 512


def centrality(vectors: Numbers, least_similarity: float) -> Numbers:
    """Says how central each row is: the sum of its cosines to the others, without those that are hardly alike.

    The threshold keeps rows that are a little like everything from winning, as in LexRank (Erkan and Radev, 2004), of
    which this is the degree centrality with cosines as weights.

    Args:
        vectors: Float array of shape (rows, width), each of length 1.
        least_similarity: Cosines below it count as 0.

    Returns:
        Float array of shape (rows,), scaled so that the largest is 1; all zero where nothing is alike.
    """
    sums = np.zeros(len(vectors))
    # Block by block: the whole matrix of a long text would be large.
    for start in range(0, len(vectors), _BLOCK_ROWS):
        cosines = vectors[start : start + _BLOCK_ROWS] @ vectors.T
        cosines[cosines < least_similarity] = 0.0
        sums[start : start + _BLOCK_ROWS] = cosines.sum(axis=1)
    sums -= 1.0
    return np.maximum(sums, 0.0) / max(float(sums.max(initial=0.0)), 1e-9)


def choose(scores: Sequence[float] | Numbers, vectors: Numbers, count: int, redundancy_weight: float) -> list[int]:
    """Chooses rows one by one: each time the best by its score less what it repeats of those already chosen.

    This is maximal marginal relevance (Carbonell and Goldstein, 1998) with squares of cosines, so that rows about the
    same subject cost each other little, and rows that say the same nearly everything.

    Args:
        scores: How good each row is for itself.
        vectors: Float array of shape (rows, width), each of length 1.
        count: How many to choose at most.
        redundancy_weight: What a cosine of 1 to a chosen row takes from a score.

    Returns:
        The places of the chosen rows, ascending.
    """
    own = np.asarray(scores, dtype=np.float64)
    repeated = np.zeros(len(own))
    chosen: list[int] = []
    for _ in range(min(count, len(own))):
        left = own - redundancy_weight * repeated**2
        left[chosen] = -np.inf
        best = int(np.argmax(left))
        chosen.append(best)
        repeated = np.maximum(repeated, vectors @ vectors[best])
    return sorted(chosen)
