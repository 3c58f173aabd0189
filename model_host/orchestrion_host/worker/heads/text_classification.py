"""Classifiers of texts, and their use with freely chosen labels where they judge what follows from a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from orchestrion.errors import OrchestrionError
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.classification import class_names, class_scores
from orchestrion_host.worker.heads.entailment import Entailment
from orchestrion_host.worker.heads.model import HeadExpert, TextModel, TokenRow
from orchestrion_host.worker.library_types import Array, Config, Tokenizer
from orchestrion_host.worker.runtimes import Outputs, Result, read_each
from orchestrion_host.worker.text import inputs, passages, token_limits, zero_shot

_SURE: Final = 0.5


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the model is to read for a call."""

    labels: Sequence[str] | None
    """What the call chooses among; None where the classes are the model's own."""
    sizes: Sequence[int]
    """The tokens of each passage of the text."""
    rows: Sequence[TokenRow]
    """Passage by passage: the passage, or a pair with each label."""


@dataclass(frozen=True, slots=True)
class _Room:
    """How long a passage may be, beside what else the model reads with it."""

    tokenizer: Tokenizer
    max_tokens: int

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Counts the tokens of each text, marks included."""
        return [len(ids) for ids in self.tokenizer(list(texts))["input_ids"]]


class TextClassifier(HeadExpert):
    """A model with a head for classes.

    A text that is longer than the model reads is judged passage by passage, and by all of them in the end.
    """

    def __init__(self, model: TextModel) -> None:
        """Keeps the model.

        Options: `class_names` (a name for each class, in order), `max_length` in tokens, and those of `Entailment`.
        """
        super().__init__(model)
        self._names = class_names.of(model.config, model.spec)
        self._kind = _kind(model.config)
        judges = "zero-shot-classification" in model.spec.task_types
        self._entailment = Entailment(model.spec, self._names) if judges else None

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Classifies texts, all of a batch together."""
        read, results = read_each(batch, self._read)
        rows = [row for reading in read.values() for row in reading.rows]
        owners = [place for place, reading in read.items() for _ in reading.rows]
        scores: dict[int, dict[int, Array]] = {}
        for places in token_limits.passes([len(row["input_ids"]) for row in rows]):
            wanted = [place for place in places if not batch[owners[place]].cancelled]
            if not wanted:
                continue
            for place, logits in zip(wanted, self.run([rows[place] for place in wanted], ["logits"])[0], strict=True):
                scores.setdefault(owners[place], {})[place] = logits
        for place, reading in read.items():
            results[place] = self._result(batch[place], reading, scores.get(place, {}))
        return [results[place] for place in range(len(batch))]

    def _read(self, call: Call) -> _Reading:
        text = inputs.text(call, "text")
        if self._entailment is None or call.task_type != "zero-shot-classification":
            pieces = passages.cut([text], _Room(self.tokenizer, self.max_tokens), lambda _text: not call.cancelled)[
                text
            ]
            encoded = self.tokenizer([piece for piece, _ in pieces], truncation=True, max_length=self.max_tokens)
            return _Reading(None, [size for _, size in pieces], _rows(encoded))
        labels = zero_shot.labels(call)
        hypotheses = self._entailment.hypotheses(labels)
        longest = max(len(ids) for ids in self.tokenizer(hypotheses)["input_ids"])
        if longest > self.max_tokens // 2:
            problem = f"holds a label of {longest} tokens; this expert reads {self.max_tokens // 2} at most."
            raise call.bad_input("labels", problem, token_count=longest)
        # A pair may have more marks than its two texts have by themselves.
        empty, beside_empty = len(self.tokenizer("")["input_ids"]), len(self.tokenizer("", "")["input_ids"])
        room = _Room(self.tokenizer, self.max_tokens - longest - (beside_empty - 2 * empty))
        pieces = passages.cut([text], room, lambda _text: not call.cancelled)[text]
        encoded = self.tokenizer(
            [piece for piece, _ in pieces for _ in labels],
            hypotheses * len(pieces),
            truncation="only_first",
            max_length=self.max_tokens,
        )
        return _Reading(labels, [size for _, size in pieces], _rows(encoded))

    def _result(self, call: Call, reading: _Reading, scores: Mapping[int, Array]) -> Result:
        try:
            call.raise_if_cancelled()
        except OrchestrionError as error:
            return error
        rows = np.array([scores[place] for place in sorted(scores)], dtype=np.float64)
        if reading.labels is not None and self._entailment is not None:
            by_label = rows.reshape(len(reading.sizes), len(reading.labels), -1)
            means = np.average(by_label, axis=0, weights=reading.sizes)
            return self._entailment.outputs(reading.labels, list(means))
        logits = _of_all(rows, reading.sizes, self._kind)
        return _described(call, _scores(logits, self._names, self._kind), self._kind)


def _rows(encoded: Mapping[str, Sequence[Sequence[int]]]) -> list[TokenRow]:
    return [{name: encoded[name][row] for name in encoded} for row in range(len(encoded["input_ids"]))]


def _of_all(rows: Array, sizes: Sequence[int], kind: str) -> Array:
    """Joins what the model says of the passages of a text.

    Of classes of which one is true, and of plain numbers, it is the average, each passage counted by its length. What
    may be true beside others, such as an insult, is as likely as where it is the likeliest.

    Args:
        rows: Its logits, a float array of shape (passages, classes).
        sizes: The tokens of each passage.
        kind: As `_kind` says it.

    Returns:
        Logits of shape (classes,).
    """
    if len(rows) == 1:
        joined: Array = rows[0]
    elif kind == "many":
        joined = rows.max(axis=0)
    elif kind == "number":
        joined = np.average(rows, axis=0, weights=sizes)
    else:
        shares = np.exp(rows - rows.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        joined = np.log(np.maximum(np.average(shares, axis=0, weights=sizes), np.finfo(np.float64).tiny))
    return joined


def _kind(config: Config) -> str:
    """Says how scores are made: `one` of all classes is true, `many` may be, or the model gives a plain `number`."""
    if config.problem_type == "regression":
        return "number"
    return "many" if config.problem_type == "multi_label_classification" or config.num_labels == 1 else "one"


def _scores(logits: Array, names: Mapping[int, str], kind: str) -> Outputs:
    if kind == "one":
        return class_scores.from_logits(logits, names)
    numbers = np.asarray(logits, dtype=np.float64)
    # As a tangent it has no number that is too large for it.
    scores = ((1 + np.tanh(numbers / 2)) / 2 if kind == "many" else numbers).tolist()
    return class_scores.describe(
        [{"label": names.get(place, str(place)), "score": item} for place, item in enumerate(scores)]
    )


def _described(call: Call, outputs: Outputs, kind: str) -> Outputs:
    """Puts the outputs into the words of the domain that was asked for."""
    domain = call.text("domain")
    if domain == "language":
        return class_names.as_languages(outputs)
    if domain == "sentiment":
        return class_names.as_sentiments(outputs)
    # The best of several kinds of insult is no insult when none of them is likely.
    best = float(outputs["score"])
    if domain == "toxicity" and kind == "many" and best < _SURE:
        return {**outputs, "label": "not toxic", "score": 1 - best}
    return outputs


build = TextClassifier
