"""What checkpoints do against repetition, for the rows that it holds for."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import transformers

from orchestrion_host.worker.library_types import GenerationConfig


class RowRepetitionLogitsProcessor(transformers.LogitsProcessor):
    """Makes tokens less likely that were there before, in the prose of a batch.

    Not in the rows with a form: structured answers repeat their keys, and names that they take from the prompt, which a
    penalty would bend into others.
    """

    def __init__(self, is_prose: Sequence[bool], settings: GenerationConfig) -> None:
        """Keeps which rows are prose.

        Args:
            is_prose: For each row whether it is.
            settings: The checkpoint's generation settings; `repetition_penalty` and `no_repeat_ngram_size` count.
        """
        self._is_prose = is_prose
        self._processors: list[transformers.LogitsProcessor] = []
        if (settings.repetition_penalty or 1.0) != 1.0:
            self._processors.append(transformers.RepetitionPenaltyLogitsProcessor(settings.repetition_penalty))
        if settings.no_repeat_ngram_size:
            self._processors.append(transformers.NoRepeatNGramLogitsProcessor(settings.no_repeat_ngram_size))

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Returns scores of shape (rows, tokens)."""
        for row, is_prose in enumerate(self._is_prose):
            for process in self._processors if is_prose else ():
                scores[row] = process(input_ids[row : row + 1], scores[row : row + 1].clone())[0]
        return scores
