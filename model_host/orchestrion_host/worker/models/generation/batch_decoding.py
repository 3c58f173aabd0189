"""Decoding for several calls in one batch: each row has its own limit, end tokens, stream and cancellation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import torch
import transformers

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Argument, GenerationConfig, Tokenizer
from orchestrion_host.worker.models.generation.constraints import Constraint
from orchestrion_host.worker.models.generation.detokenization import Detokenizer

STOP: Final = "stop"
"""Why a text ends: it is whole."""
LENGTH: Final = "length"
"""Why a text ends: it may be no longer."""


@dataclass(slots=True)
class DecodingRow:
    """One text that is being generated."""

    call: Call
    detokenizer: Detokenizer
    most_tokens: int
    on_piece: Callable[[str], None]
    """Gets each piece of the text, the last one included."""
    constraint: Constraint | None = None
    """What the text must be; None for any text."""
    count: int = 0
    """How many tokens were generated, without the one that ends the text."""
    finish_reason: str = ""
    """Why it ended, `STOP` or `LENGTH`; empty while it has not."""

    @property
    def is_ended(self) -> bool:
        """Whether nothing is generated for it any more."""
        return bool(self.finish_reason)

    def add(self, token: int) -> None:
        """Takes in a token that is no end."""
        if self.constraint is not None:
            self.constraint.add(token)
            if self.constraint.problem:
                self.end()
                return
        self.count += 1
        self.call.generated_token_count += 1
        self._emit(self.detokenizer.add(token))
        if self.detokenizer.is_ended or (self.constraint is not None and self.constraint.is_complete):
            self.end()
        elif self.count >= self.most_tokens:
            self.end(LENGTH)

    def end(self, reason: str = STOP) -> None:
        """Ends the text, unless it has ended already."""
        if not self.is_ended:
            self.finish_reason = reason
            self._emit(self.detokenizer.end())

    def _emit(self, piece: str) -> None:
        if piece and not self.call.cancelled:
            self.on_piece(piece)


class RowStoppingCriteria(transformers.StoppingCriteria):
    """Reads each new token of each row, and ends the rows that are done or that nobody waits for any more."""

    def __init__(self, rows: Sequence[DecodingRow], ends: Sequence[int]) -> None:
        """Keeps the rows, in order, and the tokens that end a text."""
        self._rows = rows
        self._ends = frozenset(ends)

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **kwargs: Argument) -> torch.Tensor:
        """Returns for each row whether it ends here: a tensor of shape (rows,)."""
        del scores, kwargs
        # Rows that have ended get padding, which is not looked at.
        for row, token in zip(self._rows, input_ids[:, -1].tolist(), strict=True):
            if row.is_ended:
                continue
            if row.call.cancelled or token in self._ends:
                row.end()
            else:
                row.add(token)
        return torch.tensor([row.is_ended for row in self._rows], dtype=torch.bool, device=input_ids.device)


class RowConstraintLogitsProcessor(transformers.LogitsProcessor):
    """Leaves each row with a constraint only the tokens that may come next; the others stay as they are."""

    def __init__(self, rows: Sequence[DecodingRow]) -> None:
        """Keeps the rows, in order."""
        self._rows = rows

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Returns scores of shape (rows, tokens), minus infinity for what may not come."""
        del input_ids
        for place, row in enumerate(self._rows):
            if row.constraint is not None and not row.is_ended:
                forbidden = ~row.constraint.allowed(scores.shape[1]).to(scores.device)
                own = scores[place].masked_fill(forbidden, -torch.inf)
                # Where settings of the checkpoint forbade all that may come, the form goes before them.
                alike = torch.zeros_like(own).masked_fill_(forbidden, -torch.inf)
                scores[place] = torch.where(own.isneginf().all(), alike, own)
        return scores


def ends_of(tokenizer: Tokenizer, settings: GenerationConfig) -> list[int]:
    """Returns the tokens that end a text: those of the generation settings, and the tokenizer's own."""
    end_tokens = settings.eos_token_id
    ends = [end_tokens] if isinstance(end_tokens, int) else list(end_tokens or ())
    if isinstance(tokenizer.eos_token_id, int) and tokenizer.eos_token_id not in ends:
        ends.append(tokenizer.eos_token_id)
    return ends


def pad_of(tokenizer: Tokenizer, settings: GenerationConfig, ends: Sequence[int]) -> int:
    """Returns the token that fills short rows; it is masked, so any will do where a checkpoint names none."""
    for token in (tokenizer.pad_token_id, settings.pad_token_id, *ends):
        if isinstance(token, int):
            return token
    return 0
