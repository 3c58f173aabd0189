"""Stopping criteria beside the end tokens of a model: nobody waits for the result any more."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import transformers

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Argument


class StopWhenCancelled(transformers.StoppingCriteria):
    """Ends the rows of cancelled calls at the next token; the others go on."""

    def __init__(self, calls: Sequence[Call]) -> None:
        """Keeps the calls, in the order of the rows; each has equally many."""
        self._calls = calls

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **kwargs: Argument) -> torch.Tensor:
        """Returns for each row whether it ends here."""
        del scores, kwargs
        rows = input_ids.shape[0] // len(self._calls)
        stopped = [call.cancelled for call in self._calls for _ in range(rows)]
        return torch.tensor(stopped, dtype=torch.bool, device=input_ids.device)
