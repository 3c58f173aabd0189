"""Names and other things marked in texts: tokens are judged, joined into words, and words into entities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.classification import class_names
from orchestrion_host.worker.heads import entities, text_windows
from orchestrion_host.worker.heads.model import HeadExpert, TextModel
from orchestrion_host.worker.heads.text_windows import TextWindow
from orchestrion_host.worker.library_types import Array
from orchestrion_host.worker.runtimes import Outputs, Result
from orchestrion_host.worker.text import inputs

_OVERLAP: Final = 64


class TokenClassifier(HeadExpert):
    """A model that gives each token a class."""

    def __init__(self, model: TextModel) -> None:
        """Keeps the model. Options: `class_names` and `max_length`, as for classifiers of texts."""
        text_windows.check(model)
        super().__init__(model)
        self._names = class_names.of(model.config, model.spec)

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Marks texts, the windows of all of them together."""
        return text_windows.predict(self, batch, self._windows, ["logits"], self._outputs)

    def _windows(self, call: Call) -> list[TextWindow]:
        overlap = min(_OVERLAP, self.max_tokens // 4)
        return text_windows.cut(self.tokenizer, inputs.text(call, "text"), self.max_tokens, overlap)

    def _outputs(self, call: Call, windows: Sequence[TextWindow], outputs: Sequence[Sequence[Array]]) -> Outputs:
        text, words = call.text("text"), []
        for start, end, logits in _words(windows, [logits for (logits,) in outputs]):
            shifted = np.exp(logits - logits.max())
            best = int(shifted.argmax())
            words.append(entities.LabelledWord(start, end, self._names[best], float(shifted[best] / shifted.sum())))
        plain = [entity.plain(text) for entity in entities.join(words)]
        summary = ", ".join(f"{item['text']} ({item['label']})" for item in plain)
        return {"text": summary, "entities": {"json": plain}, "count": float(len(plain))}


def _words(windows: Sequence[TextWindow], logits: Sequence[Array]) -> list[tuple[int, int, Array]]:
    """Joins tokens into words: each with its place, and the logits of its first token, for which models are trained.

    Where windows overlap, the one counts that knows most of what stands around the word.
    """
    best: dict[int, tuple[int, int, int, Array]] = {}
    for window, scores in zip(windows, logits, strict=True):
        tokens: dict[int, list[int]] = {}
        for token, word in enumerate(window.words):
            place = window.places[token]
            if word is not None and place is not None and place[1] > place[0]:
                tokens.setdefault(word, []).append(token)
        for own in tokens.values():
            places = [place for token in own if (place := window.places[token])]
            start, end = places[0][0], places[-1][1]
            around = min(own[0], window.count - 1 - own[-1])
            previous = best.get(start)
            # A word that the end of a window cuts off is shorter there than in the next.
            if previous is None or (end, around) > (previous[1], previous[0]):
                best[start] = (around, end, start, scores[own[0]])
    ordered = sorted(best.values(), key=lambda item: item[2])
    judged: list[tuple[int, int, Array]] = []
    for _, end, start, scores in ordered:
        # The rest of a word that began in the window before is no word.
        if not judged or start >= judged[-1][1]:
            judged.append((start, end, scores))
    return judged


build = TokenClassifier
