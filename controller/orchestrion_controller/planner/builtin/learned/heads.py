"""Heads over the encoder's vectors: which task types a request wants, where it names them, and what feeds what.

The same arithmetic as `training/planner/model.py`, in numpy. Shapes: N pieces, T task types, S steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from orchestrion_controller.planner.builtin.learned.features import Array

_FAR: Final = np.float32(-1e4)
"""The log odds of the impossible, in place of minus infinity."""


@dataclass(frozen=True, slots=True)
class ToolVectors:
    """A library's task types as vectors."""

    keys: Array
    """Shape (T, 128), rows of length 1: compared with the pieces of a request."""
    pairs: Array
    """Shape (T, 64): what a task type is as one end of a link."""


@dataclass(frozen=True, slots=True)
class Scores:
    """How a request and the task types go together."""

    places: Array
    """Shape (N, T): log odds that a piece asks for a task type against asking for none."""
    shares: Array
    """Shape (N, T): log probabilities of the task types that a piece asks for."""
    wanted: Array
    """Shape (T,): the log odds that the request as a whole wants a task type."""
    vectors: Array
    """Shape (N, width): the pieces themselves."""


class Heads:
    """Linear layers over the encoder's vectors."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        """Takes the weights by the names of the trained model."""
        self._weights = weights

    def tools(self, vectors: Sequence[Array], name_lengths: Sequence[int]) -> ToolVectors:
        """Sums up what was read of task types.

        Args:
            vectors: For each task type the vectors of its name and of its description.
            name_lengths: How many pieces the name has, the mark at the beginning and at the end included.
        """
        both = np.stack(
            [
                np.concatenate([row[1 : length - 1].mean(0) if length > 2 else row[0], row.mean(0)])
                for row, length in zip(vectors, name_lengths, strict=True)
            ]
        )
        return ToolVectors(_unit(self._linear("key", both)), self._linear("pair_key", both))

    def scores(self, vectors: Array, words: Sequence[bool], tools: ToolVectors) -> Scores:
        """Compares a request with all task types.

        Args:
            vectors: The pieces of the request, shape (N, width).
            words: Which of them are words, or stand for some: all but the marks at the beginning and the end.
            tools: The result of `tools`.
        """
        scale = float(self._weights["scale"])
        places = scale * (_unit(self._linear("query", vectors)) @ tools.keys.T) - self._linear("none", vectors)
        sharp = float(np.logaddexp(0, self._weights["sharpness"])) + 0.3
        inside = np.array(words, dtype=bool)[:, None]
        strongest = _log_sum_exp(np.where(inside, places * sharp, _FAR)) / sharp
        whole = _unit(self._linear("whole_query", vectors.mean(0))) @ tools.keys.T
        # Of tools that are alike, one is asked for: what a piece says for one it says against the others.
        padded = np.concatenate([places, np.zeros((len(places), 1), np.float32)], 1)
        shares = np.where(inside, places - _log_sum_exp(padded.T)[:, None], _FAR)
        first, second, third, fourth = self._weights["presence"]
        wanted = first * strongest + second * whole + third + fourth * np.maximum(shares.max(0), -20)
        return Scores(places, shares, wanted, vectors)

    def links(
        self, steps: Sequence[int], scores: Scores, tools: ToolVectors, both: Array, alone: Array
    ) -> tuple[Array, Array]:
        """Scores what feeds what.

        Args:
            steps: The task types of the steps.
            scores: The result of `scores`.
            tools: The result of `tools`.
            both: The features of pairs, shape (S, S, F).
            alone: The features of steps, shape (S, F).

        Returns:
            Scores of step i as the source of step j, shape (S, S), and of having none, shape (S,).
        """
        attention = np.exp(scores.shares[:, steps] - scores.shares[:, steps].max(0))
        attention /= attention.sum(0)
        query = self._linear("pair_query", attention.T @ scores.vectors)
        ends = np.concatenate([query, tools.pairs[steps]], -1)
        count = len(steps)
        left = np.broadcast_to(ends[:, None], (count, count, ends.shape[1]))
        right = np.broadcast_to(ends[None], (count, count, ends.shape[1]))
        hidden = _gelu(self._linear("pair_hidden", np.concatenate([left, right, left * right, both], -1)))
        odds = self._linear("pair_out", hidden)[..., 0]
        hidden = _gelu(self._linear("root_hidden", np.concatenate([ends, alone], -1)))
        return odds, self._linear("root_out", hidden)[..., 0]

    def _linear(self, name: str, values: Array) -> Array:
        result: Array = values @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return result


def _unit(rows: Array) -> Array:
    result: Array = rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12)
    return result


def _log_sum_exp(values: Array) -> Array:
    highest = values.max(0)
    result: Array = highest + np.log(np.exp(values - highest).sum(0))
    return result


def _gelu(values: Array) -> Array:
    from math import sqrt

    result: Array = values * 0.5 * (1 + _erf(values / sqrt(2)))
    return result


def _erf(values: Array) -> Array:
    """The error function to 1.5e-7 (Abramowitz and Stegun 1964, 7.1.26)."""
    sign = np.sign(values)
    magnitude = np.abs(values)
    t = 1 / (1 + 0.3275911 * magnitude)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    result: Array = sign * (1 - series * np.exp(-magnitude * magnitude))
    return result
