"""What classifiers return, whichever runtime computes them: the best class, its score, and all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from orchestrion.values import JsonObject
from orchestrion_host.worker.runtimes import Outputs


def describe(scores: Sequence[JsonObject]) -> Outputs:
    """Describes classes with their scores, in any order: `label` and `score` of the best, `scores` with all."""
    ranked = sorted(scores, key=lambda item: -float(item["score"]))
    plain = [{"label": str(item["label"]), "score": float(item["score"])} for item in ranked]
    return {"label": plain[0]["label"], "score": plain[0]["score"], "scores": {"json": plain}}


def from_logits(logits: npt.ArrayLike, names: Mapping[int, str]) -> Outputs:
    """Turns one row of logits into probabilities and describes them.

    Args:
        logits: Float array of shape (classes,).
        names: The names of the classes by their place.
    """
    shifted = np.exp(np.asarray(logits, dtype=np.float64) - np.max(logits))
    return describe(
        [{"label": names.get(place, str(place)), "score": share} for place, share in enumerate(shifted / shifted.sum())]
    )
