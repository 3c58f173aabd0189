"""Classifiers of texts, and their use with freely chosen labels where they judge what follows from a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import torch
import transformers

from orchestrion.errors import OrchestrionError
from orchestrion_host import wire
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.models import class_names, token_limits
from orchestrion_host.worker.models.checkpoint import Checkpoint, TorchExpert
from orchestrion_host.worker.models.entailment import Entailment
from orchestrion_host.worker.runtimes import Outputs, Result, classes
from orchestrion_host.worker.text import inputs, zero_shot

_SURE: Final = 0.5


class TextClassifier(TorchExpert):
    """A model with a head for classes."""

    def __init__(self, spec: wire.Load) -> None:
        """Loads it.

        Options: `class_names` (a name for each class, in order), `max_length` in tokens, and those of `Entailment`.
        """
        checkpoint = Checkpoint(spec)
        self._tokenizer: Any = checkpoint.processor(transformers.AutoTokenizer)
        self._model: Any = checkpoint.model(transformers.AutoModelForSequenceClassification)
        super().__init__(checkpoint, self._model)
        token_limits.give_padding(self._tokenizer, self._model)
        self._max_tokens = token_limits.most_tokens(checkpoint, self._tokenizer)
        self._names = class_names.of(checkpoint)
        self._kind = _kind(self._model.config)
        self._entailment = Entailment(spec, self._names) if "zero-shot-classification" in spec.task_types else None

    def warm_up(self) -> None:
        """Classifies one text of the greatest length."""
        self._logits([{"input_ids": [self._tokenizer.pad_token_id or 0] * self._max_tokens}])

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Classifies texts, all of a batch together."""
        results: dict[int, Result] = {}
        rows: list[Mapping[str, Any]] = []
        owners: list[int] = []
        labels: dict[int, list[str]] = {}
        for place, call in enumerate(batch):
            try:
                call.raise_if_cancelled()
                if self._entailment and call.task_type == "zero-shot-classification":
                    labels[place] = zero_shot.labels(call)
                encoded = self._encoded(call, labels.get(place))
                rows += encoded
                owners += [place] * len(encoded)
            except OrchestrionError as error:
                results[place] = error
        found: dict[int, dict[int, Any]] = {}
        for places in token_limits.passes([len(row["input_ids"]) for row in rows]):
            wanted = [place for place in places if not batch[owners[place]].cancelled]
            if not wanted:
                continue
            for place, logits in zip(wanted, self._logits([rows[place] for place in wanted]), strict=True):
                found.setdefault(owners[place], {})[place] = logits
        for place, call in enumerate(batch):
            if place not in results:
                results[place] = self._result(call, labels.get(place), found.get(place, {}))
        return [results[place] for place in range(len(batch))]

    def _encoded(self, call: Call, labels: list[str] | None) -> list[Mapping[str, Any]]:
        text = inputs.text(call, "text")
        if labels is None or self._entailment is None:
            encoded = self._tokenizer([text], truncation=True, max_length=self._max_tokens)
        else:
            hypotheses = self._entailment.hypotheses(labels)
            longest = max(len(ids) for ids in self._tokenizer(hypotheses)["input_ids"])
            if longest > self._max_tokens // 2:
                problem = f"holds a label of {longest} tokens; this expert reads {self._max_tokens // 2} at most."
                raise call.bad_input("labels", problem, token_count=longest)
            encoded = self._tokenizer(
                [text] * len(labels), hypotheses, truncation="only_first", max_length=self._max_tokens
            )
        return [{name: encoded[name][row] for name in encoded} for row in range(len(encoded["input_ids"]))]

    def _logits(self, rows: Sequence[Mapping[str, Any]]) -> Any:
        """Returns an array of shape (rows, classes)."""
        padded = self._tokenizer.pad(list(rows), padding=True, return_tensors="pt")
        with torch.inference_mode():
            return self._model(**self.checkpoint.inputs(padded)).logits.float().cpu().numpy()

    def _result(self, call: Call, labels: list[str] | None, found: Mapping[int, Any]) -> Result:
        try:
            call.raise_if_cancelled()
        except OrchestrionError as error:
            return error
        rows = [found[place] for place in sorted(found)]
        if labels is not None and self._entailment is not None:
            return self._entailment.outputs(labels, rows)
        return _described(call, _scores(rows[0], self._names, self._kind), self._kind)


def _kind(config: Any) -> str:
    """Says how scores are made: `one` of all classes is true, `many` may be, or the model gives a plain `number`."""
    if config.problem_type == "regression":
        return "number"
    return "many" if config.problem_type == "multi_label_classification" or config.num_labels == 1 else "one"


def _scores(logits: Any, names: Mapping[int, str], kind: str) -> Outputs:
    if kind == "one":
        return classes.from_logits(logits, names)
    numbers = torch.as_tensor(logits, dtype=torch.float64)
    scores = (numbers.sigmoid() if kind == "many" else numbers).tolist()
    return classes.describe(
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


load = TextClassifier
