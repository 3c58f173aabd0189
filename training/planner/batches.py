"""Texts as tensors: padded pieces, tools with their names marked, and what is to be said of each request."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from orchestrion.plans import TaskType
from orchestrion_controller.planner.builtin.learned.marking import Aside, asides
from orchestrion_controller.planner.builtin.learned.pieces import Piece, Pieces
from orchestrion_controller.planner.builtin.learned.tool_texts import read_tool
from training.planner.libraries import Example


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it is read."""

    example: Example
    asides: Sequence[Aside]
    pieces: Sequence[Piece]

    @classmethod
    def of(cls, example: Example, pieces: Pieces) -> Request:
        """Cuts a request."""
        spans = asides(example.text)
        return cls(example, spans, pieces.cut(example.text, spans))

    def inside(self, start: int, end: int) -> list[int]:
        """Lists the pieces that lie in a part of the request."""
        return [
            number
            for number, piece in enumerate(self.pieces)
            if piece.start < end and piece.end > start and piece.end > piece.start
        ]


def words(requests: Sequence[Request]) -> Tensor:
    """Marks the pieces of words, and what stands for words, in padded requests: (requests, longest)."""
    mask = torch.zeros(len(requests), max(len(request.pieces) for request in requests))
    for row, request in enumerate(requests):
        for number, piece in enumerate(request.pieces):
            mask[row, number] = piece.end > piece.start
    return mask


def padded(texts: Sequence[Sequence[Piece]]) -> tuple[Tensor, Tensor]:
    """Returns pieces and mask, both of shape (texts, longest)."""
    longest = max(map(len, texts))
    ids = torch.zeros(len(texts), longest, dtype=torch.long)
    mask = torch.zeros(len(texts), longest)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = torch.tensor([piece.id for piece in text])
        mask[row, : len(text)] = 1
    return ids, mask


def tools(types: Sequence[TaskType], pieces: Pieces) -> tuple[Tensor, Tensor, Tensor]:
    """Returns pieces, mask, and the mask of the names, all of shape (tools, longest)."""
    texts, lengths = zip(*(read_tool(task_type, pieces) for task_type in types), strict=True)
    ids, mask = padded(texts)
    names = torch.zeros_like(mask)
    for row, length in enumerate(lengths):
        names[row, 1 : length - 1] = 1
    return ids, mask, names


def without_some(ids: Tensor, unknown: int, generator: random.Random, share: float = 0.04) -> Tensor:
    """Makes some pieces unknown, in most batches, so that no single word decides."""
    if generator.random() > 0.7:
        return ids
    return ids.masked_fill((torch.rand(ids.shape) < share) & (ids > 3), unknown)
