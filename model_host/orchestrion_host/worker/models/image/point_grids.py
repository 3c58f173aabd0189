"""Where a segmenter that is asked by points looks when nobody points, and which of its masks are worth keeping."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from orchestrion_host.worker.media.image.scored_masks import ScoredMask

if TYPE_CHECKING:
    import torch


def grid(points_per_side: int, width: int, height: int) -> npt.NDArray[np.float64]:
    """Returns points in the middles of equal cells over an image, of shape (points, 2), in pixels."""
    shares = (np.arange(points_per_side) + 0.5) / points_per_side
    across, down = np.meshgrid(shares * width, shares * height)
    return np.stack([across.ravel(), down.ravel()], axis=1)


def stability(logits: torch.Tensor, offset: float) -> torch.Tensor:
    """Returns how little a mask depends on where logits are cut: the share that a stricter cut leaves.

    Args:
        logits: Float tensor of shape (…, height, width).
        offset: By how much stricter and looser.
    """
    strict = (logits > offset).flatten(-2).sum(-1).float()
    loose = (logits > -offset).flatten(-2).sum(-1).float()
    return strict / loose.clamp(min=1.0)


def without_repeats(masks: Sequence[ScoredMask], most_shared: float) -> list[ScoredMask]:
    """Keeps of masks whose boxes are nearly the same the surest one, the surest first."""
    kept: list[ScoredMask] = []
    for item in sorted(masks, key=lambda own: -own.score):
        if all(item.box.intersection_over_union(other.box) <= most_shared for other in kept):
            kept.append(item)
    return kept
