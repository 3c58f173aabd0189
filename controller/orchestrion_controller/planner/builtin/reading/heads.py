"""Heads over the encoder's vectors: what each piece is there for, which tools are wanted, and what feeds what.

The same arithmetic as `training/planner/model.py`, in numpy. Shapes: N pieces, T abilities, P options, U texts of
options, S steps, O objects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np

from orchestrion_controller.planner.builtin.reading.features import Array
from orchestrion_controller.plans.offers import Offer

ROLES: Final = ("none", "unmet", "file", "result", "again", "help", "hello")
"""What a piece may be there for, beside asking for an ability or giving an option; `none` is politeness and grammar."""

STARTS: Final = ("inside", "new", "more")
"""How a piece stands to what is before it: in the same words, the first of new ones, or of more words for the same."""

CHANGES: Final = ("", "+", "-", "++", "--", "+~", "-~")
"""How words change an option: to a value of their own, or up or down, by a lot, or by a bit."""

_FAR: Final = np.float32(-1e4)
"""The log odds of the impossible, in place of minus infinity."""


@dataclass(frozen=True, slots=True)
class LibraryVectors:
    """What a library offers, as vectors."""

    keys: Array
    """Of the abilities: shape (T, 128), rows of length 1, compared with the pieces of a request."""
    pairs: Array
    """Of the abilities, as ends of a link: shape (T, 64)."""
    owners: Array
    """Of the abilities, as what options belong to: shape (T, 32)."""
    options: Array
    """Of the options: shape (P, 128), rows of length 1."""


class Heads:
    """Linear layers over the encoder's vectors."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        """Takes the weights by the names of the trained model."""
        self._weights = weights
        self._digests = {name: weights[f"{name}_digests"] for name in ("ability", "option")}
        self.learnt = frozenset(map(int, self._digests["ability"]))
        """The digests of the abilities of which more was learnt than their texts say."""
        self.learnt_options = frozenset(map(int, self._digests["option"]))
        """Likewise of the options."""

    def library(
        self,
        abilities: Sequence[Array],
        lengths: Sequence[int],
        options: Sequence[Array],
        option_lengths: Sequence[int],
        offered: Offer,
    ) -> LibraryVectors:
        """Sums up what was read of abilities and options.

        Args:
            abilities: For each ability the vectors of its name and of its description.
            lengths: How many pieces the name has, the mark at the beginning and the end included.
            options: Likewise for the options' texts.
            option_lengths: Likewise.
            offered: What they are of.
        """
        both = _names_and_wholes(abilities, lengths)
        keys = _unit(self._linear("key", both))
        texts = keys[:0]
        if options:
            texts = _unit(self._linear("option_key", _names_and_wholes(options, option_lengths)))
        return LibraryVectors(
            _unit(keys + self._own("ability", offered.ability_digests)),
            self._linear("pair_key", both),
            self._linear("owner_key", both),
            _unit(texts[list(offered.text_of)] + self._own("option", offered.option_digests)),
        )

    def _own(self, name: str, digests: Sequence[int]) -> Array:
        """What was learnt of abilities or options beyond their texts; zeros for those that nobody has seen."""
        rows = {int(digest): row for row, digest in enumerate(self._digests[name])}
        learnt = self._weights[f"{name}_own"]
        result = np.zeros((len(digests), learnt.shape[1]), dtype=np.float32)
        for number, digest in enumerate(digests):
            if digest in rows:
                result[number] = learnt[rows[digest]]
        return result

    def roles(self, vectors: Array) -> Array:
        """Scores the `ROLES` at each piece: (N, width) to (N, roles)."""
        return self._linear("role", vectors)

    def asks(self, vectors: Array, library: LibraryVectors) -> Array:
        """Scores the abilities at each piece: (N, width) to (N, T)."""
        result: Array = float(self._weights["scale"]) * (_unit(self._linear("query", vectors)) @ library.keys.T)
        return result

    def options(self, vectors: Array, library: LibraryVectors, ability_of: Sequence[int]) -> Array:
        """Scores the options at each piece: (N, width) to (N, P)."""
        keys = _unit(self._linear("option_query", vectors)) @ library.options.T
        owners = self._linear("owner_query", vectors) @ library.owners.T
        result: Array = float(self._weights["option_scale"]) * keys + owners[:, list(ability_of)]
        return result

    def starts(self, vectors: Array) -> Array:
        """Log probabilities of the `STARTS` at each piece: (N, width) to (N, starts)."""
        return log_softmax(self._linear("start", vectors))

    def changes(self, vectors: Array) -> Array:
        """Log probabilities of the `CHANGES` of words, each the mean of its pieces: (…, width) to (…, changes)."""
        return log_softmax(self._linear("change", vectors))

    def wanted(self, vectors: Array, words: Sequence[bool], places: Array, library: LibraryVectors) -> Array:
        """The log odds that a request as a whole wants each ability: (T,).

        Args:
            vectors: The pieces of the request, shape (N, width).
            words: Which of them are words, or stand for some.
            places: The log odds that a piece asks for an ability against asking for none, shape (N, T).
            library: The result of `library`.
        """
        sharp = float(np.logaddexp(0, self._weights["sharpness"])) + 0.3
        inside = np.array(words, dtype=bool)[:, None]
        strongest = log_sum_exp(np.where(inside, places * sharp, _FAR), 0) / sharp
        whole = _unit(self._linear("whole_query", vectors.mean(0))) @ library.keys.T
        against = np.where(inside, shares(places), _FAR).max(0)
        first, second, third, fourth = self._weights["presence"]
        result: Array = first * strongest + second * whole + third + fourth * np.maximum(against, -20)
        return result

    def links(
        self, steps: Array, abilities: Sequence[int], library: LibraryVectors, both: Array, alone: Array
    ) -> tuple[Array, Array]:
        """Scores what feeds what.

        Args:
            steps: What words there are for each step, shape (S, width).
            abilities: The ability of each step.
            library: The result of `library`.
            both: The features of pairs, shape (S, S, F).
            alone: The features of steps, shape (S, F).

        Returns:
            Scores of step i as the source of step j, shape (S, S), and of having none, shape (S,).
        """
        ends = np.concatenate([self._linear("pair_query", steps), library.pairs[list(abilities)]], -1)
        count = len(steps)
        left = np.broadcast_to(ends[:, None], (count, count, ends.shape[1]))
        right = np.broadcast_to(ends[None], (count, count, ends.shape[1]))
        hidden = _gelu(self._linear("pair_hidden", np.concatenate([left, right, left * right, both], -1)))
        odds = self._linear("pair_out", hidden)[..., 0]
        hidden = _gelu(self._linear("root_hidden", np.concatenate([ends, alone], -1)))
        return odds, self._linear("root_out", hidden)[..., 0]

    def objects(
        self, objects: Array, steps: Array, abilities: Sequence[int], library: LibraryVectors, beside: Array
    ) -> Array:
        """The log odds that a step works on an object: (O, width), (S, width), features (O, S, F) to (O, S)."""
        shape = (len(objects), len(steps), -1)
        left = np.broadcast_to(self._linear("pair_query", objects)[:, None], (*shape[:2], library.pairs.shape[1]))
        right = np.broadcast_to(self._linear("pair_query", steps)[None], (*shape[:2], library.pairs.shape[1]))
        ends = np.broadcast_to(library.pairs[list(abilities)][None], (*shape[:2], library.pairs.shape[1]))
        hidden = _gelu(self._linear("object_hidden", np.concatenate([left, right, ends, left * right, beside], -1)))
        return self._linear("object_out", hidden)[..., 0]

    def _linear(self, name: str, values: Array) -> Array:
        result: Array = values @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return result


def shares(places: Array) -> Array:
    """How likely a piece asks for just this ability, as logarithms: (N, T) of log odds against nothing, to (N, T)."""
    padded = np.concatenate([places, np.zeros((len(places), 1), np.float32)], 1)
    result: Array = places - log_sum_exp(padded, 1)[:, None]
    return result


def log_softmax(values: Array) -> Array:
    """Logarithms of the softmax over the last axis."""
    result: Array = values - log_sum_exp(values, -1)[..., None]
    return result


def log_sum_exp(values: Array, axis: int) -> Array:
    """The logarithm of the sum of exponentials over an axis."""
    highest = values.max(axis, keepdims=True)
    result: Array = highest.squeeze(axis) + np.log(np.exp(values - highest).sum(axis))
    return result


def _names_and_wholes(rows: Sequence[Array], lengths: Sequence[int]) -> Array:
    return np.stack(
        [
            np.concatenate([row[1 : length - 1].mean(0) if length > 2 else row[0], row.mean(0)])
            for row, length in zip(rows, lengths, strict=True)
        ]
    )


def _unit(rows: Array) -> Array:
    result: Array = rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12)
    return result


def _gelu(values: Array) -> Array:
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
