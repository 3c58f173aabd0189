"""Classifiers of texts, and their use with freely chosen labels where they judge what follows from a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from orchestrion.errors import OrchestrionError
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.classification import class_names, class_scores
from orchestrion_host.worker.heads.entailment import Entailment
from orchestrion_host.worker.heads.model import HeadExpert, TextModel, TokenRow
from orchestrion_host.worker.library_types import Array, Config
from orchestrion_host.worker.runtimes import Outputs, Result, read_each
from orchestrion_host.worker.text import inputs, token_limits, zero_shot

_SURE: Final = 0.5


class TextClassifier(HeadExpert):
    """A model with a head for classes."""

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
        rows = [row for _, encoded in read.values() for row in encoded]
        owners = [place for place, (_, encoded) in read.items() for _ in encoded]
        scores: dict[int, dict[int, Array]] = {}
        for places in token_limits.passes([len(row["input_ids"]) for row in rows]):
            wanted = [place for place in places if not batch[owners[place]].cancelled]
            if not wanted:
                continue
            for place, logits in zip(wanted, self.run([rows[place] for place in wanted], ["logits"])[0], strict=True):
                scores.setdefault(owners[place], {})[place] = logits
        for place, (labels, _) in read.items():
            results[place] = self._result(batch[place], labels, scores.get(place, {}))
        return [results[place] for place in range(len(batch))]

    def _read(self, call: Call) -> tuple[list[str] | None, list[TokenRow]]:
        """Returns the labels to choose among where the call names them, and what the model is to read."""
        judged = self._entailment and call.task_type == "zero-shot-classification"
        labels = zero_shot.labels(call) if judged else None
        return labels, self._encoded(call, labels)

    def _encoded(self, call: Call, labels: list[str] | None) -> list[TokenRow]:
        text = inputs.text(call, "text")
        if labels is None or self._entailment is None:
            encoded = self.tokenizer([text], truncation=True, max_length=self.max_tokens)
        else:
            hypotheses = self._entailment.hypotheses(labels)
            longest = max(len(ids) for ids in self.tokenizer(hypotheses)["input_ids"])
            if longest > self.max_tokens // 2:
                problem = f"holds a label of {longest} tokens; this expert reads {self.max_tokens // 2} at most."
                raise call.bad_input("labels", problem, token_count=longest)
            encoded = self.tokenizer(
                [text] * len(labels), hypotheses, truncation="only_first", max_length=self.max_tokens
            )
        return [{name: encoded[name][row] for name in encoded} for row in range(len(encoded["input_ids"]))]

    def _result(self, call: Call, labels: list[str] | None, scores: Mapping[int, Array]) -> Result:
        try:
            call.raise_if_cancelled()
        except OrchestrionError as error:
            return error
        rows = [scores[place] for place in sorted(scores)]
        if labels is not None and self._entailment is not None:
            return self._entailment.outputs(labels, rows)
        return _described(call, _scores(rows[0], self._names, self._kind), self._kind)


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
