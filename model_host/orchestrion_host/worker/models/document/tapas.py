"""TAPAS (Herzig et al., 2020): picks the cells of a table that answer a question, and an operation on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
import transformers

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.library_types import Argument, Model, Tokenizer
from orchestrion_host.worker.media import tables
from orchestrion_host.worker.media.tables import Table
from orchestrion_host.worker.models.checkpoint import Checkpoint, TorchExpert
from orchestrion_host.worker.runtimes import Outputs, Result, read_each
from orchestrion_host.worker.text import control_tokens, inputs, token_limits

_SURE: Final = 0.5
# The places of a token's column and row among its token types; both count from 1, and 0 is the question or a heading.
_COLUMN: Final = 1
_ROW: Final = 2


@dataclass(frozen=True, slots=True)
class _Encoded:
    call: Call
    table: Table
    fields: dict[str, Argument]


class Tapas(TorchExpert):
    """A TAPAS checkpoint (Herzig et al., 2020), with or without operations."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        """Loads it."""
        self._tokenizer: Tokenizer = checkpoint.processor(transformers.TapasTokenizer)
        self._model: Model = checkpoint.model(transformers.TapasForQuestionAnswering)
        super().__init__(checkpoint, self._model)
        self._max_tokens = token_limits.most_tokens(checkpoint.config, checkpoint.spec, self._tokenizer)
        labels = self._model.config.aggregation_labels or {}
        self._operations = {int(place): str(name) for place, name in labels.items()}

    def warm_up(self) -> None:
        """Reads a table of the greatest size."""
        ids = torch.zeros((1, self._max_tokens), dtype=torch.long, device=self.checkpoint.device)
        with torch.inference_mode():
            self._model(input_ids=ids, attention_mask=torch.ones_like(ids))

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Answers questions, all of a batch together."""
        encoded, results = read_each(batch, self._encode)
        for places in token_limits.passes([len(item.fields["input_ids"]) for item in encoded.values()]):
            own = [list(encoded)[row] for row in places]
            results.update(zip(own, self._answers([encoded[place] for place in own]), strict=True))
        return [results[place] for place in range(len(batch))]

    def _encode(self, call: Call) -> _Encoded:
        # Imported here since it takes a while, and other kinds of readers need none of it.
        import pandas

        question = inputs.text(call, "question")
        tokenizer = self._tokenizer
        table = tables.read(call, "table", tokenizer.max_row_id - 1, tokenizer.max_column_id - 1)
        # Columns of one name are all read; pandas would take the last.
        # Cells are split at punctuation, so that a control token with a space in it is read as what is written.
        names = tokenizer.all_special_tokens
        rows = [[control_tokens.spaced(str(cell), names) for cell in row] for row in table.rows]
        columns = pandas.Index([control_tokens.spaced(column, names) for column in table.columns])
        frame = pandas.DataFrame(rows, columns=columns, dtype=str)
        queries = control_tokens.spaced(question, names)
        fields = dict(tokenizer(table=frame, queries=queries, padding=False, truncation=False))
        count = len(fields["input_ids"])
        if count > self._max_tokens:
            problem = (
                f"makes {count:,} tokens together with the question; this expert reads {self._max_tokens:,} at once. "
                "Leave rows or columns out."
            )
            raise call.bad_input("table", problem, token_count=count, limit_token_count=self._max_tokens)
        return _Encoded(call, table, fields)

    def _answers(self, encoded: Sequence[_Encoded]) -> list[Outputs]:
        width = max(len(item.fields["input_ids"]) for item in encoded)
        padded = {
            name: torch.tensor(np.stack([_padded(item.fields[name], width) for item in encoded]))
            for name in ("input_ids", "attention_mask", "token_type_ids")
        }
        with torch.inference_mode():
            outputs = self._model(**self.checkpoint.inputs(padded))
        sure = outputs.logits.float().sigmoid().cpu().numpy()
        chosen: Sequence[int | None] = [None] * len(encoded)
        if outputs.logits_aggregation is not None:
            chosen = outputs.logits_aggregation.argmax(-1).tolist()
        return [
            self._outputs(item, _cells(np.array(item.fields["token_type_ids"]), row), operation)
            for item, row, operation in zip(encoded, sure, chosen, strict=True)
        ]

    def _outputs(self, encoded: _Encoded, cells: Sequence[tuple[int, int]], operation: int | None) -> Outputs:
        table = encoded.table
        plain = [
            {"row": row, "column": table.columns[column], "text": table.rows[row][column]} for row, column in cells
        ]
        texts = [item["text"] for item in plain]
        none = self._model.config.no_aggregation_label_index
        if operation is None or operation == none or operation not in self._operations:
            return {"answer": ", ".join(map(str, texts)), "cells": {"json": plain}}
        name = self._operations[operation]
        return {"answer": _computed(name, [str(text) for text in texts]), "cells": {"json": plain}, "operation": name}


def _padded(values: npt.ArrayLike, width: int) -> npt.NDArray[np.int64]:
    array = np.array(values, dtype=np.int64)
    return np.pad(array, [(0, width - len(array)), *[(0, 0)] * (array.ndim - 1)])


def _cells(types: npt.NDArray[np.int64], sure: npt.NDArray[np.float32]) -> list[tuple[int, int]]:
    """Returns the cells that are likely enough on average over their tokens; the likeliest where none is.

    Args:
        types: Int array of shape (tokens, 7): the token types of TAPAS.
        sure: Float array of shape (tokens or more,): how likely each token belongs to the answer.
    """
    shares: dict[tuple[int, int], list[float]] = {}
    for kinds, share in zip(types, sure, strict=False):
        if kinds[0] == 1 and kinds[_ROW] > 0 and kinds[_COLUMN] > 0:
            shares.setdefault((int(kinds[_ROW]) - 1, int(kinds[_COLUMN]) - 1), []).append(float(share))
    means = {cell: sum(values) / len(values) for cell, values in shares.items()}
    likely = sorted(cell for cell, mean in means.items() if mean > _SURE)
    return likely or [max(means, key=lambda cell: means[cell])]


def _computed(operation: str, texts: Sequence[str]) -> str:
    """Counts cells, or adds up or averages the numbers in them; lists them where they are no numbers."""
    if operation == "COUNT":
        return str(len(texts))
    values = tables.numbers(texts)
    if values is None or operation not in ("SUM", "AVERAGE"):
        return ", ".join(texts)
    total = sum(values) if operation == "SUM" else sum(values) / len(values)
    return f"{total:.12g}"
