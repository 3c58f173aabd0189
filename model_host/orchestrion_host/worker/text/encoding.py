"""Texts of any number and length into vectors: passes of bounded size, between which calls tell progress or end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.text import passages

Vectors: TypeAlias = npt.NDArray[np.float32]
"""One row of length 1 for each text."""

PASS_TOKENS: Final = 1024
"""How many tokens go through the model at once, padding included.

More is no faster on processors, and takes memory: 0.1 GB at 1,024 tokens, 0.45 GB at 4,096.
"""


class TextEncoder(Protocol):
    """A model that turns texts into vectors."""

    @property
    def max_tokens(self) -> int:
        """How many tokens of a text the model reads, marks of its beginning and end included."""

    def token_counts(self, texts: Sequence[str]) -> list[int]:
        """Counts the tokens of each text, those beyond `max_tokens` included."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Turns texts into vectors in one forward pass; of a text that is too long, it reads the beginning."""


@dataclass(frozen=True, slots=True)
class EncodingRequest:
    """What a call wants to have encoded."""

    call: Call
    texts: Sequence[str]


def encode(wanted: Sequence[EncodingRequest], encoder: TextEncoder) -> list[Vectors]:
    """Encodes what several calls want, equal texts once, in as few passes as their size allows.

    A text that the model cannot read as a whole is cut into passages, whose vectors are averaged by their lengths.
    Texts of like length go together, so that little is padded. Work that only cancelled calls want is dropped.

    Returns:
        One array of shape (texts, width) for each of `wanted`; rows that were dropped are zero.
    """
    different = dict.fromkeys(text for item in wanted for text in item.texts)
    askers: dict[str, list[Call]] = {}
    for item in wanted:
        for text in item.texts:
            askers.setdefault(text, []).append(item.call)
    parts = passages.cut(list(different), encoder, lambda text: not all(call.cancelled for call in askers[text]))
    counts = {piece: count for pieces in parts.values() for piece, count in pieces}
    rows = _rows(counts, [_Reader(item, parts) for item in wanted], encoder)
    width = len(next(iter(rows.values()))) if rows else 0
    empty = np.zeros(width, dtype=np.float32)
    joined = {text: _joined([(rows.get(piece, empty), count) for piece, count in parts[text]]) for text in different}
    return [np.stack([joined[text] for text in item.texts]) for item in wanted]


class _Reader:
    """A call while what it wants is encoded."""

    def __init__(self, wanted: EncodingRequest, parts: Mapping[str, Sequence[tuple[str, int]]]) -> None:
        self.call = wanted.call
        self.left = {piece for text in wanted.texts for piece, _ in parts[text]}
        self._count = len(self.left)

    def tell(self, done: Sequence[str]) -> None:
        before = len(self.left)
        self.left.difference_update(done)
        if self.left and len(self.left) < before and not self.call.cancelled:
            self.call.progress("reading the text", 1 - len(self.left) / self._count)


def _rows(counts: Mapping[str, int], readers: Sequence[_Reader], encoder: TextEncoder) -> dict[str, Vectors]:
    rows: dict[str, Vectors] = {}
    for texts in _passes(counts):
        still = set().union(*(reader.left for reader in readers if not reader.call.cancelled))
        if kept := [text for text in texts if text in still]:
            rows.update(zip(kept, encoder.encode(kept), strict=True))
            for reader in readers:
                reader.tell(kept)
    return rows


def _passes(counts: Mapping[str, int]) -> Iterator[list[str]]:
    """Yields texts for one pass after the other, the longest first, so that a lack of memory shows at once."""
    ordered = sorted(counts, key=lambda text: -counts[text])
    while ordered:
        size = max(1, PASS_TOKENS // counts[ordered[0]])
        yield ordered[:size]
        ordered = ordered[size:]


def _joined(pieces: Sequence[tuple[Vectors, int]]) -> Vectors:
    if len(pieces) == 1:
        return pieces[0][0]
    total = np.sum([row * count for row, count in pieces], axis=0)
    vector: Vectors = total / max(float(np.linalg.norm(total)), 1e-12)
    return vector
