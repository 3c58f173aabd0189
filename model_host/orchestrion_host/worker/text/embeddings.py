"""What sentence embeddings are for, whichever runtime computes them: the tasks of `worker.text` on one encoder."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.runtimes import Outputs, Result, steps
from orchestrion_host.worker.text import questions, similarity, summaries, zero_shot
from orchestrion_host.worker.text.encoding import EncodingRequest, TextEncoder, Vectors, encode

Steps: TypeAlias = Callable[[Call], Generator[Sequence[str], Vectors, Outputs]]
"""How a task is done on one call: yields the texts whose vectors it needs, gets them, and returns the outputs."""

_STEPS: Final[Mapping[str, Steps]] = {
    "sentence-similarity": similarity.compare,
    "feature-extraction": similarity.extract,
    "zero-shot-classification": zero_shot.classify,
    "summarization": summaries.summarize,
    "question-answering": questions.answer,
}

TASK_TYPES: Final = frozenset(_STEPS)
"""The task types that `compute` performs."""


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


def compute(batch: Sequence[Call], encoder: TextEncoder) -> list[Result]:
    """Performs a batch of one of `TASK_TYPES`.

    The calls go step by step together: what all of them want to know in a step is encoded at once.

    Returns:
        One result for each call: its outputs, or the error of its inputs or its cancellation.
    """
    return steps.together(
        batch,
        lambda call: _STEPS[call.task_type](call),
        lambda wanted: encode([EncodingRequest(call, texts) for call, texts in wanted], encoder),
    )
