"""TAPEX (Liu et al., 2022): a BART that was trained to run queries writes the answer to a question about a table."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import transformers

from orchestrion.errors import OrchestrionError
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Model, Tokenizer
from orchestrion_host.worker.media import tables
from orchestrion_host.worker.media.tables import Table
from orchestrion_host.worker.models.checkpoint import Checkpoint, TorchExpert
from orchestrion_host.worker.models.generation.counting import count_generated
from orchestrion_host.worker.models.generation.stopping import StopWhenCancelled
from orchestrion_host.worker.runtimes import Result, read_each
from orchestrion_host.worker.text import inputs, token_limits


class Tapex(TorchExpert):
    """A TAPEX checkpoint."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        """Loads it."""
        # The library dropped the tokenizer of its own that these name; it was BART's with another way to write tables.
        self._tokenizer: Tokenizer = checkpoint.processor(transformers.BartTokenizer)
        self._model: Model = checkpoint.model(transformers.BartForConditionalGeneration)
        super().__init__(checkpoint, self._model)
        self._max_tokens = token_limits.most_tokens(checkpoint.config, checkpoint.spec, self._tokenizer)

    def warm_up(self) -> None:
        """Reads a table of the greatest size."""
        ids = torch.full((1, self._max_tokens), int(self._tokenizer.pad_token_id), device=self.checkpoint.device)
        with torch.inference_mode():
            self._model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=2)

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Answers questions, all of a batch together."""
        rows, results = read_each(batch, self._tokens)
        if rows:
            calls = [batch[place] for place in rows]
            padded = self._tokenizer.pad({"input_ids": list(rows.values())}, padding=True, return_tensors="pt")
            with torch.inference_mode():
                written = self._model.generate(
                    **self.checkpoint.inputs(padded), stopping_criteria=[StopWhenCancelled(calls)]
                )
            # The first token says that a text begins.
            count_generated(calls, written[:, 1:], self._tokenizer)
            for place, tokens in zip(rows, written.tolist(), strict=True):
                try:
                    batch[place].raise_if_cancelled()
                    answer = self._tokenizer.decode(tokens, skip_special_tokens=True).strip()
                    results[place] = {"answer": answer, "cells": {"json": []}}
                except OrchestrionError as error:
                    results[place] = error
        return [results[place] for place in range(len(batch))]

    def _tokens(self, call: Call) -> list[int]:
        question = inputs.text(call, "question").strip().lower()
        text = f" {question} {linear(tables.read(call, 'table'))}"
        tokens: list[int] = self._tokenizer(text)["input_ids"]
        if len(tokens) > self._max_tokens:
            problem = (
                f"makes {len(tokens):,} tokens together with the question; this expert reads {self._max_tokens:,} at "
                "once. Leave rows or columns out."
            )
            raise call.bad_input("table", problem, token_count=len(tokens), limit_token_count=self._max_tokens)
        return tokens


def linear(table: Table) -> str:
    """Writes a table as TAPEX was trained to read it: `col : city | people row 1 : berlin | 3,700,000`."""
    rows = [f"row {number} : {' | '.join(cells)}" for number, cells in enumerate(table.rows, 1)]
    return " ".join([f"col : {' | '.join(table.columns)}", *rows]).lower()
