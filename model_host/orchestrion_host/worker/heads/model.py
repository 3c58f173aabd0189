"""A model with a head, on whichever runtime, and what experts on one have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeAlias

import numpy as np

from orchestrion_host import ipc
from orchestrion_host.worker.library_types import Array, Config, Tokenizer
from orchestrion_host.worker.text import token_limits

TokenRow: TypeAlias = Mapping[str, Sequence[int]]
"""A text as a model gets it, such as its `input_ids` and `token_type_ids`, without padding."""


class TextModel(Protocol):
    """A tokenizer, and a model that turns tokens into outputs by name."""

    spec: ipc.Load
    """What it was loaded from."""
    config: Config
    """Its configuration, with the fields of `config.json`."""
    tokenizer: Tokenizer
    """One of the library transformers."""

    def run(self, fields: Mapping[str, Array], names: Sequence[str], at: Sequence[int] | None) -> list[Array]:
        """Computes one forward pass.

        Args:
            fields: What it gets, each an integer array of shape (texts, tokens).
            names: The outputs that are wanted.
            at: For each text the one token whose outputs are wanted; None for all that there is.

        Returns:
            The outputs as float arrays, of shape (texts, …), or (texts, tokens, …) where each token has one.
        """

    def parameter_bytes(self) -> int:
        """Returns what its weights take; 0 when not known."""

    def unload(self) -> None:
        """Lets go of everything."""


class HeadExpert:
    """An expert on a model with a head."""

    def __init__(self, model: TextModel) -> None:
        """Keeps the model, and finds out how many tokens it reads (option `max_length`)."""
        self.model = model
        self.tokenizer = model.tokenizer
        token_limits.give_padding(self.tokenizer, model.config)
        self.max_tokens = token_limits.most_tokens(model.config, model.spec, self.tokenizer)

    def warm_up(self) -> None:
        """Reads one text of the greatest length."""
        self.run([{"input_ids": [self.tokenizer.pad_token_id or 0] * self.max_tokens}], ["logits"])

    def run(self, rows: Sequence[TokenRow], names: Sequence[str], at: Sequence[int] | None = None) -> list[Array]:
        """Computes texts of any length in one forward pass; see `TextModel.run`.

        Outputs of tokens that only pad are among those that come back, on the side where the tokenizer pads.
        """
        fields = pad(rows, self.tokenizer)
        if at is not None and self.pads_left:
            width = fields["input_ids"].shape[1]
            at = [place + width - len(row["input_ids"]) for place, row in zip(at, rows, strict=True)]
        return self.model.run(fields, names, at)

    @property
    def pads_left(self) -> bool:
        """Whether shorter texts are padded in front of their first token."""
        return bool(self.tokenizer.padding_side == "left")

    def parameter_bytes(self) -> int:
        """Returns what the weights take."""
        return self.model.parameter_bytes()

    def unload(self) -> None:
        """Lets go of everything."""
        self.model.unload()
        self.__dict__.clear()


def pad(rows: Sequence[TokenRow], tokenizer: Tokenizer) -> dict[str, Array]:
    """Makes all rows as long as the longest, as the tokenizer would, and tells the model which tokens count."""
    width = max(len(row["input_ids"]) for row in rows)
    fill = {"input_ids": tokenizer.pad_token_id or 0, "token_type_ids": tokenizer.pad_token_type_id or 0}
    counted = "attention_mask" in tokenizer.model_input_names
    fields: dict[str, Array] = {}
    for name in dict.fromkeys([*rows[0], *(["attention_mask"] if counted else [])]):
        padded = np.full((len(rows), width), fill.get(name, 0), dtype=np.int64)
        for target, row in zip(padded, rows, strict=True):
            own = row[name] if name in row else [1] * len(row["input_ids"])
            target[slice(width - len(own), None) if tokenizer.padding_side == "left" else slice(len(own))] = own
        fields[name] = padded
    return fields
