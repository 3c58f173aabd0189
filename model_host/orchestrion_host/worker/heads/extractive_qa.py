"""Answers to questions copied out of a text: the span between a likely first and a likely last token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.heads import text_windows
from orchestrion_host.worker.heads.model import HeadExpert, TextModel
from orchestrion_host.worker.heads.text_windows import TextWindow
from orchestrion_host.worker.library_types import Array
from orchestrion_host.worker.runtimes import Outputs, Result
from orchestrion_host.worker.text import inputs

_OUTPUTS: Final = ("start_logits", "end_logits")
# As published models were trained and measured.
_WINDOW_TOKENS: Final = 384
_OVERLAP: Final = 128
_MOST_ANSWER_TOKENS: Final = 30


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    logit: float


class ExtractiveQa(HeadExpert):
    """A model that says for each token how likely an answer begins or ends there."""

    def __init__(self, model: TextModel) -> None:
        """Keeps the model.

        Options: `max_length`, the tokens of a window (384 at most when left out); `max_answer_tokens`, 30 when left
        out.
        """
        text_windows.check(model)
        super().__init__(model)
        if "max_length" not in model.spec.options:
            self.max_tokens = min(self.max_tokens, _WINDOW_TOKENS)
        self._answer_tokens = int(model.spec.options.get("max_answer_tokens", _MOST_ANSWER_TOKENS))

    def warm_up(self) -> None:
        """Reads one window."""
        self.run([{"input_ids": [self.tokenizer.pad_token_id or 0] * self.max_tokens}], _OUTPUTS)

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Answers questions, the windows of all texts together."""
        return text_windows.predict(self, batch, self._windows, _OUTPUTS, self._answer)

    def _windows(self, call: Call) -> list[TextWindow]:
        text, question = inputs.text(call, "text"), inputs.text(call, "question").strip()
        count = len(self.tokenizer(question)["input_ids"])
        most = self.max_tokens // 2
        if count > most:
            problem = f"has {count:,} tokens; this expert reads questions of {most:,} at most. Shorten it."
            raise call.bad_input("question", problem, token_count=count, limit_token_count=most)
        overlap = min(_OVERLAP, (self.max_tokens - count) // 4)
        return text_windows.cut(self.tokenizer, text, self.max_tokens, overlap, question)

    def _answer(self, call: Call, windows: Sequence[TextWindow], logits: Sequence[Sequence[Array]]) -> Outputs:
        """Finds the best span of all windows; the score is its share among all places of all windows."""
        best: _Span | None = None
        starts, ends = [], []
        for window, (start, end) in zip(windows, logits, strict=True):
            span = _best(window, start, end, self._answer_tokens)
            # Windows without the answer point at their first token, which counts against all spans.
            places = [0, *(token for token, place in enumerate(window.places) if place)]
            starts.append(start[places])
            ends.append(end[places])
            if span and (best is None or span.logit > best.logit):
                best = span
        if best is None:
            raise call.bad_input("text", "holds nothing that this expert can read.")
        total = _log_of_sum(np.concatenate(starts)) + _log_of_sum(np.concatenate(ends))
        text = call.text("text")[best.start : best.end]
        begin = best.start + len(text) - len(text.lstrip())
        return {
            "answer": text.strip(),
            "score": float(np.exp(best.logit - total)),
            "start": float(begin),
            "end": float(begin + len(text.strip())),
        }


def _best(window: TextWindow, start: Array, end: Array, most_tokens: int) -> _Span | None:
    """Returns the span of a window with the greatest sum of logits; None where no token belongs to the text."""
    tokens = [token for token, place in enumerate(window.places) if place and place[1] > place[0]]
    if not tokens:
        return None
    sums = start[tokens][:, None] + end[tokens][None, :]
    order = np.arange(len(tokens))
    length = order[None, :] - order[:, None]
    sums = np.where((length >= 0) & (length < most_tokens), sums, -np.inf)
    first, last = np.unravel_index(int(sums.argmax()), sums.shape)
    begin, finish = window.places[tokens[int(first)]], window.places[tokens[int(last)]]
    if begin is None or finish is None:
        return None
    return _Span(begin[0], finish[1], float(sums[first, last]))


def _log_of_sum(values: Array) -> float:
    most = float(values.max())
    return most + float(np.log(np.exp(values - most).sum()))


build = ExtractiveQa
