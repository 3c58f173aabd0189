"""How many tokens were generated, where they come all at once: counted for the metrics of the host."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Tokenizer


def count_generated(calls: Sequence[Call], rows: torch.Tensor, tokenizer: Tokenizer) -> None:
    """Adds to the count of each call what was generated for it.

    Args:
        calls: The calls, in the order of the rows; none in a warm-up.
        rows: The generated tokens without their prompts, shape (calls, tokens); short rows are filled up.
        tokenizer: Says which tokens end a text or fill a row: these do not count.
    """
    silent = {tokenizer.pad_token_id, tokenizer.eos_token_id, tokenizer.sep_token_id}
    for call, row in zip(calls, rows.tolist(), strict=False):
        call.generated_token_count += sum(token not in silent for token in row)
