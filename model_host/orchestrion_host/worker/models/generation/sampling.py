"""Sampling of tokens, each row with its own temperature and seed, so that nothing depends on the rows beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import transformers

from orchestrion_host.worker.library_types import GenerationConfig


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the tokens of a row are chosen."""

    temperature: float = 0.0
    """0 takes the likeliest token each time."""
    seed: int = 0
    """Repeats what was drawn with it before."""


class RowLogitsProcessor(transformers.LogitsProcessor):
    """Makes the search for the likeliest token draw at random instead, row by row.

    The token with the greatest sum of logit and Gumbel noise is a sample of the distribution (Gumbel-max trick), so
    rows that draw and rows that do not go through one greedy search together.
    """

    def __init__(self, rows: Sequence[Sampling], settings: GenerationConfig) -> None:
        """Keeps the rows.

        Args:
            rows: How each row chooses.
            settings: The checkpoint's generation settings; its `top_k` and `top_p` hold for rows that draw.
        """
        self._rows = rows
        # Drawn on the processor, so that a seed means the same on every device.
        self._generators = [torch.Generator().manual_seed(row.seed) for row in rows]
        self._narrowing: list[transformers.LogitsProcessor] = []
        if settings.top_k:
            self._narrowing.append(transformers.TopKLogitsWarper(settings.top_k))
        if settings.top_p and settings.top_p < 1:
            self._narrowing.append(transformers.TopPLogitsWarper(settings.top_p))

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Returns scores of shape (rows, tokens) of which the greatest is the token to take."""
        for row, (sampling, generator) in enumerate(zip(self._rows, self._generators, strict=True)):
            if sampling.temperature <= 0:
                continue
            own = scores[row : row + 1].float() / sampling.temperature
            for narrow in self._narrowing:
                own = narrow(input_ids[row : row + 1], own)
            uniform = torch.rand(own.shape, generator=generator, dtype=torch.float32).clamp_(1e-20, 1 - 1e-7)
            scores[row] = (own - (-uniform.log()).log().to(own.device))[0].to(scores.dtype)
        return scores
