"""The engine `vader`: whether an English text is positive, neutral or negative, by a lexicon and rules.

VADER (Hutto and Gilbert, 2014) adds up the valences of words, heeding negation, emphasis and `but`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.classification import class_scores
from orchestrion_host.worker.runtimes import Outputs, Result, one_by_one
from orchestrion_host.worker.text import inputs, sentences

THRESHOLD: Final = 0.05
"""From this compound score on a text is positive, or negative on the other side: the thresholds that were published."""


class Vader:
    """The lexicon."""

    def __init__(self) -> None:
        """Reads it."""
        self._analyzer = SentimentIntensityAnalyzer()

    def warm_up(self) -> None:
        """Judges two words."""
        self._analyzer.polarity_scores("Good morning.")

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Judges each text."""
        return one_by_one(batch, self._classify)

    def parameter_bytes(self) -> int:
        """Returns 0: the growth of the process tells."""
        return 0

    def unload(self) -> None:
        """Lets go of the lexicon."""
        del self._analyzer

    def _classify(self, call: Call) -> Outputs:
        """Judges sentence by sentence, as VADER is made for, and takes the mean of the compound scores."""
        scores = []
        for sentence in sentences.split(inputs.text(call, "text")):
            call.raise_if_cancelled()
            scores.append(self._analyzer.polarity_scores(sentence.text))
        means = {key: sum(item[key] for item in scores) / len(scores) for key in ("compound", "pos", "neu", "neg")}
        return class_scores.describe([{"label": name, "score": score} for name, score in shares(**means).items()])


def load(spec: ipc.Load) -> Vader:
    """Reads the lexicon."""
    del spec
    return Vader()


def shares(compound: float, pos: float, neu: float, neg: float) -> dict[str, float]:
    """Turns VADER's scores into shares of 1, of which the largest belongs to the class that the thresholds give.

    Positive and negative texts get half, at the threshold, to all of it, at a compound score of 1 or -1; neutral ones
    all of it, at 0, down to half, at a threshold. The other two classes divide the rest as VADER's own shares of
    words do.

    Args:
        compound: The sum of all valences, from -1 to 1.
        pos: The share of positive words, 0 to 1.
        neu: The share of neutral words.
        neg: The share of negative words.

    Returns:
        The share of each class, the winner first.
    """
    own = {"positive": pos, "neutral": neu, "negative": neg}
    if abs(compound) < THRESHOLD:
        label, score = "neutral", 1.0 - 0.5 * abs(compound) / THRESHOLD
    else:
        label = "positive" if compound > 0 else "negative"
        score = 0.5 + 0.5 * (abs(compound) - THRESHOLD) / (1.0 - THRESHOLD)
    others = {name: share for name, share in own.items() if name != label}
    total = sum(others.values())
    rest = {name: (1.0 - score) * (share / total if total else 0.5) for name, share in others.items()}
    return {label: score, **rest}
