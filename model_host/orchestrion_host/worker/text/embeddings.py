"""What sentence embeddings are for, whichever runtime computes them: the tasks of `worker.text` on one encoder."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.runtimes import Outputs, Result, steps
from orchestrion_host.worker.text import questions, similarity, summaries, zero_shot
from orchestrion_host.worker.text.encoding import EncodingRequest, TextEncoder, Vectors, encode


@dataclass(frozen=True, slots=True)
class Tuning:
    """What differs between encoders in how their vectors are used."""

    label_template: str = zero_shot.TEMPLATE
    """What is compared with a text for each label."""
    half_sure: float = questions.HALF_SURE
    """How well a passage fits a question where it is as likely right as wrong."""


Steps: TypeAlias = Callable[[Call, Tuning], Generator[Sequence[str], Vectors, Outputs]]
"""How a task is done on one call: yields the texts whose vectors it needs, gets them, and returns the outputs."""

_STEPS: Final[Mapping[str, Steps]] = {
    "sentence-similarity": lambda call, _tuning: similarity.compare(call),
    "feature-extraction": lambda call, _tuning: similarity.extract(call),
    "zero-shot-classification": lambda call, tuning: zero_shot.classify(call, tuning.label_template),
    "summarization": lambda call, _tuning: summaries.summarize(call),
    "question-answering": lambda call, tuning: questions.answer(call, tuning.half_sure),
}

TASK_TYPES: Final = frozenset(_STEPS)
"""The task types that `compute` performs."""

_USUAL: Final = Tuning()


def pool(states: npt.ArrayLike, mask: npt.ArrayLike) -> Vectors:
    """Averages the states of the tokens that are none of the padding, and scales to length 1.

    Args:
        states: Float array of shape (texts, tokens, width).
        mask: Array of shape (texts, tokens): 1 for a token, 0 for padding.

    Returns:
        Float array of shape (texts, width).
    """
    weights = np.asarray(mask, dtype=np.float32)[:, :, None]
    sums = (np.asarray(states, dtype=np.float32) * weights).sum(axis=1)
    means = sums / np.maximum(weights.sum(axis=1), 1e-9)
    vectors: Vectors = means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
    return vectors


def compute(batch: Sequence[Call], encoder: TextEncoder, tuning: Tuning = _USUAL) -> list[Result]:
    """Performs a batch of one of `TASK_TYPES`.

    The calls go step by step together: what all of them want to know in a step is encoded at once.

    Args:
        batch: The calls.
        encoder: Turns their texts into vectors.
        tuning: How its vectors are used.

    Returns:
        One result for each call: its outputs, or the error of its inputs or its cancellation.
    """
    return steps.together(
        batch,
        lambda call: _STEPS[call.task_type](call, tuning),
        lambda wanted: encode([EncodingRequest(call, texts) for call, texts in wanted], encoder),
    )
