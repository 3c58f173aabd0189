"""How long the context of a language model is: where its configuration says so, and how much of it is used."""

from __future__ import annotations

from typing import Final

FAMILY: Final = "causal-lm"
"""The family of the table that these limits are for."""
PLACES: Final = (
    "max_position_embeddings",
    "max_encoder_position_embeddings",
    "n_positions",
    "max_seq_len",
    "max_sequence_length",
)
"""The fields of a configuration that say how many places the model has."""
MOST_TOKENS: Final = 8192
"""How many tokens are read and written together at most where the option `max_length` does not say: each of them takes
memory."""
