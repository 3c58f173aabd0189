"""How sure a result is: one that is more likely wrong than right is told as such."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean
from types import MappingProxyType
from typing import Final

from orchestrion_controller.responder.parts import Part

_LEAST_SCORES: Final[Mapping[str, float]] = MappingProxyType(
    {
        "text-classification": 0.55,
        "zero-shot-classification": 0.5,
        "zero-shot-image-classification": 0.5,
        "image-classification": 0.4,
        "audio-classification": 0.4,
        "video-classification": 0.4,
        "question-answering": 0.35,
        "document-question-answering": 0.3,
        "visual-question-answering": 0.3,
        "fill-mask": 0.2,
    }
)
"""The score, by task type, under which a result is not sure; experts scale theirs to about how often they are right."""

_LEAST_MEANS: Final[Mapping[str, tuple[str, float]]] = MappingProxyType(
    {"image-to-text": ("lines", 0.6), "automatic-speech-recognition": ("words", 0.5)}
)
"""The same for the mean of the scores in an output, where its items have any."""


def is_doubtful(part: Part) -> bool:
    """Says whether a result is more likely wrong than right, as far as its expert says anything about that."""
    name = part.task_type.name
    score = part.number("score")
    if score is not None:
        return score < _LEAST_SCORES.get(name, float("-inf"))
    output, least = _LEAST_MEANS.get(name, ("", 0.0))
    scores = [one for record in part.records(output) if isinstance(one := record.get("score"), int | float)]
    return bool(scores) and fmean(scores) < least
