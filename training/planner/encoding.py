"""The model with what it needs to read: requests and libraries in, what it makes of them out."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import torch
from torch import Tensor

from orchestrion import task_types
from orchestrion_controller.planner.builtin.reading.base import Base
from orchestrion_controller.planner.builtin.reading.offers import Offer as Library
from orchestrion_controller.planner.builtin.reading.offers import offer
from orchestrion_controller.planner.builtin.reading.pieces import Piece, Pieces
from training.planner import batches
from training.planner.batches import Embedder
from training.planner.model import PlanModel, Read, Tools

_KEPT: Final = 8
"""For how many batches our own task types, the most numerous, are not read anew."""

Texts: TypeAlias = Sequence[tuple[str, str]]
"""Names with descriptions."""


@dataclass(frozen=True, slots=True)
class OwnLibrary:
    """Our own task types, of which requests are marked."""

    offer: Library

    @property
    def texts(self) -> Texts:
        """The names and descriptions of its abilities."""
        return [(item.name_words, item.description) for item in self.offer.abilities]


def own_library() -> OwnLibrary:
    """Loads our own task types, but for those that only tests ask for."""
    return OwnLibrary(offer([item for item in task_types.load().values() if not item.name.startswith("test-")]))


class Encoding:
    """Reads batches with a model."""

    def __init__(self, model: PlanModel, generator: random.Random) -> None:
        """Loads the pieces and the base."""
        self.model = model
        self.pieces = Pieces()
        self.base = Base()
        self._embedder = Embedder(self.base)
        self._generator = generator
        self._own: tuple[tuple[Tensor, ...], tuple[Tensor, ...]] | None = None
        self._kept: Tools | None = None
        self._kept_for = 0

    def requests(self, texts: Sequence[Sequence[Piece]]) -> Read:
        """Encodes requests; while the model learns, without some of their pieces."""
        drops = self._generator if self.model.training else None
        base, marks, mask = self._embedder.padded(texts, drops)
        with torch.autocast("cpu", torch.bfloat16):
            hidden = self.model.hidden(base, marks, mask)
        return Read(hidden.float(), mask, batches.words(texts))

    def tools(self, texts: Texts, *, flows_back: bool = False) -> Tools:
        """Encodes others' tools.

        Args:
            texts: Their names and descriptions.
            flows_back: Whether what is learnt changes how they are read, and not only what is read off.
        """
        with torch.autocast("cpu", torch.bfloat16):
            return _float(self.model.tools(self._hidden(self._embedder.tools(texts, self.pieces), flows_back), None))

    def own(self, library: OwnLibrary, *, flows_back: bool = False) -> Tools:
        """Encodes our own; where nothing flows back while the model learns, what it made a few batches ago will do."""
        if self._kept is not None and self._kept_for and self.model.training and not flows_back:
            self._kept_for -= 1
            return self.model.of_own(self._kept, torch.tensor(library.offer.text_of))
        if self._own is None:
            texts = library.texts, library.offer.option_texts
            self._own = self._embedder.tools(texts[0], self.pieces), self._embedder.tools(texts[1], self.pieces)
        with torch.autocast("cpu", torch.bfloat16):
            abilities, options = (self._hidden(item, flows_back) for item in self._own)
            tools = _float(self.model.tools(abilities, options))
        self._kept = Tools(*(getattr(tools, field.name).detach() for field in dataclasses.fields(tools)))
        self._kept_for = _KEPT if self.model.training else 0
        return self.model.of_own(tools, torch.tensor(library.offer.text_of))

    def _hidden(self, tensors: Sequence[Tensor], flows_back: bool) -> tuple[Tensor, Tensor, Tensor]:
        base, marks, mask, names = tensors
        with torch.set_grad_enabled(flows_back and torch.is_grad_enabled()):
            return self.model.hidden(base, marks, mask).float(), mask, names


def _float(tools: Tools) -> Tools:
    return Tools(*(getattr(tools, field.name).float() for field in dataclasses.fields(tools)))
