"""Requests and texts of tools as tensors."""

from __future__ import annotations

import mimetypes
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import numpy as np
import torch
from torch import Tensor

from orchestrion.plans import ParameterKind
from orchestrion_controller.planner.asides import LONG_WORDS, Aside, asides
from orchestrion_controller.planner.builtin.reading.base import Base
from orchestrion_controller.planner.builtin.reading.marking import MOST_FILES, attached
from orchestrion_controller.planner.builtin.reading.pieces import VOCABULARY, Piece, Pieces, read_text
from orchestrion_controller.plans.kinds import kind_of_file_name, reads_as_text
from training.planner.libraries import Example
from training.planner.marked import Marked

_UNKNOWN: Final = 0

E = TypeVar("E", Example, Marked)


@dataclass(frozen=True, slots=True)
class Request(Generic[E]):
    """A request as it is read: an example of what tools it wants, or one of which every word is marked."""

    example: E
    asides: Sequence[Aside]
    pieces: Sequence[Piece]

    @property
    def text(self) -> str:
        """What it says."""
        return self.example.text

    def inside(self, start: int, end: int) -> list[int]:
        """Lists the pieces that lie in a part of the request."""
        return [
            number
            for number, piece in enumerate(self.pieces)
            if piece.start < end and piece.end > start and piece.end > piece.start
        ]


def cut_example(example: Example, pieces: Pieces) -> Request[Example]:
    """Cuts a request with its tools."""
    spans = asides(example.text)
    return Request(example, spans, pieces.cut(example.text, spans))


def cut_marked(
    marked: Marked, pieces: Pieces, *, tells_files: bool = True, long_words: int = LONG_WORDS
) -> Request[Marked]:
    """Cuts a marked request; its files come before it, unless it is not told: what earlier turns made is not.

    With fewer `long_words`, few words after a colon are set aside, too, where the marks have them as one input.
    """
    spans = asides(marked.text, marked.files, long_words=long_words)
    inputs = [(item.start, item.end) for item in marked.segments if item.role == "input"]
    if any(item.mark == "[text]" and not _is_about(item, inputs) for item in spans):
        spans = asides(marked.text, marked.files)
    files = marked.files if tells_files else ()
    return Request(marked, spans, pieces.cut(marked.text, spans, attachments(files, follows=marked.follows)))


def _is_about(aside: Aside, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether it is one of some spans, but for a full stop or a quotation mark."""
    return any(abs(aside.start - start) < 2 and abs(aside.end - end) < 2 for start, end in spans)


def attachments(files: Sequence[str], *, follows: bool = False) -> list[str]:
    """Lists the marks that tell what there is beside a request."""
    types = [mimetypes.guess_type(name)[0] or "text/plain" for name in files[:MOST_FILES]]
    marks = [
        attached(kind_of_file_name(name) or ParameterKind.DOCUMENT, is_text=reads_as_text(kind))
        for name, kind in zip(files, types, strict=False)
    ]
    return [*(["[earlier turn]"] if follows else []), *marks]


def words(texts: Sequence[Sequence[Piece]]) -> Tensor:
    """Marks the pieces of words, and what stands for words, in padded texts: (texts, longest)."""
    mask = torch.zeros(len(texts), max(map(len, texts)))
    for row, pieces in enumerate(texts):
        for number, piece in enumerate(pieces):
            mask[row, number] = piece.end > piece.start
    return mask


class Embedder:
    """Looks up what the frozen base makes of texts."""

    def __init__(self, base: Base) -> None:
        """Keeps the base."""
        self._base = base

    def padded(
        self, texts: Sequence[Sequence[Piece]], generator: random.Random | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Returns the base's vectors (texts, longest, WIDTH), marks and mask (texts, longest).

        With a generator, some pieces become unknown, in most batches, so that no single word decides.
        """
        longest = max(map(len, texts))
        ids = np.zeros((len(texts), longest), dtype=np.int64)
        mask = np.zeros((len(texts), longest), dtype=np.float32)
        for row, text in enumerate(texts):
            ids[row, : len(text)] = [piece.id for piece in text]
            mask[row, : len(text)] = 1
        marks = np.maximum(ids - VOCABULARY + 1, 0)
        if generator is not None and generator.random() < 0.7:
            drops = np.random.default_rng(generator.getrandbits(32)).random(ids.shape) < 0.05
            ids[drops & (ids > 3) & (ids < VOCABULARY)] = _UNKNOWN
        return torch.from_numpy(self._base.vectors(ids, mask)), torch.from_numpy(marks), torch.from_numpy(mask)

    def tools(self, texts: Sequence[tuple[str, str]], pieces: Pieces) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Returns the base's vectors, marks, mask, and the mask of the names, of names with descriptions."""
        cut, lengths = zip(*(read_text(name, description, pieces) for name, description in texts), strict=True)
        base, marks, mask = self.padded(cut)
        names = torch.zeros_like(mask)
        for row, length in enumerate(lengths):
            names[row, 1 : length - 1] = 1
        return base, marks, mask, names
