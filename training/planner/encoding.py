"""The model with what it needs to read: requests and libraries in, what it makes of them out."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import torch
from torch import Tensor

from orchestrion import task_types
from orchestrion.plans import TaskType
from orchestrion_controller.planner.builtin.reading.base import Base
from orchestrion_controller.planner.builtin.reading.pieces import Piece, Pieces
from orchestrion_controller.plans.offers import Offer as Library
from orchestrion_controller.plans.offers import offer
from training.planner import batches
from training.planner.batches import Embedder
from training.planner.model import PlanModel, Read, Tools, name_and_whole

_ANEW: Final = 8
"""How many of the texts of a library are read anew at a time while the model learns, so that what is learnt flows back
into how they are read; the others are as they were before, since to read all costs several times what a batch does."""
_SELDOM: Final = 0.3
"""In what share of the batches some are."""
_AT_ONCE: Final = 32
"""How many texts are read together."""

Texts: TypeAlias = Sequence[tuple[str, str]]
"""Names with descriptions."""


@dataclass(frozen=True, slots=True)
class OwnLibrary:
    """Our own task types, of which requests are marked, perhaps with those of a plug-in after them."""

    offer: Library
    name: str = ""
    """The plug-in's name."""

    @property
    def texts(self) -> Texts:
        """The names and descriptions of its abilities."""
        return [(item.name_words, item.description) for item in self.offer.abilities]


def own_library(name: str = "", further: Sequence[TaskType] = ()) -> OwnLibrary:
    """Loads our own task types, but for those that only tests ask for, and a plug-in's after them."""
    own = [item for item in task_types.load().values() if not item.name.startswith("test-")]
    return OwnLibrary(offer([*own, *further]), name)


class Encoding:
    """Reads batches with a model."""

    def __init__(self, model: PlanModel, generator: random.Random) -> None:
        """Loads the pieces and the base."""
        self.model = model
        self.pieces = Pieces()
        self.base = Base()
        self._embedder = Embedder(self.base)
        self._generator = generator
        self._shelves: dict[tuple[tuple[str, str], ...], _Shelf] = {}

    def requests(self, texts: Sequence[Sequence[Piece]]) -> Read:
        """Encodes requests; while the model learns, without some of their pieces."""
        drops = self._generator if self.model.training else None
        base, marks, mask = self._embedder.padded(texts, drops)
        with torch.autocast("cpu", torch.bfloat16):
            hidden = self.model.hidden(base, marks, mask)
        return Read(hidden.float(), mask, batches.words(texts))

    def tools(self, texts: Texts) -> Tools:
        """Encodes others' tools: their names and descriptions."""
        shelf = _Shelf(self._embedder.tools(texts, self.pieces))
        self._read(shelf)
        return self.model.tools(shelf.read, None)

    def own(self, library: OwnLibrary, plugin: OwnLibrary | None = None) -> Tools:
        """Encodes our own, with a plug-in's or without; while the model learns, most as it was read some batches ago.

        Args:
            library: Our own library.
            plugin: The same, followed by what a plug-in brings.
        """
        whole = plugin or library
        parts = [self._shelved("", library.texts, library.offer.option_texts)]
        if plugin:
            texts = plugin.texts[len(library.texts) :]
            parts.append(
                self._shelved(plugin.name, texts, plugin.offer.option_texts[len(library.offer.option_texts) :])
            )
        read = self.model.tools(torch.cat([part[0] for part in parts]), torch.cat([part[1] for part in parts]))
        return self.model.of_own(read, torch.tensor(whole.offer.text_of))

    def _shelved(self, name: str, abilities: Texts, options: Texts) -> tuple[Tensor, Tensor]:
        key = (*abilities, *options)
        if key not in self._shelves:
            self._shelves[key] = _Shelf(self._embedder.tools(key, self.pieces))
        shelf = self._shelves[key]
        # A plug-in's texts are few, and seldom read.
        self._read(shelf, anew=bool(name))
        return shelf.read[: len(abilities)], shelf.read[len(abilities) :]

    def _read(self, shelf: _Shelf, *, anew: bool = False) -> None:
        """Reads texts: some while the model learns, else all, once."""
        learns = self.model.training
        if not len(shelf.read) or anew or not (learns or shelf.is_current):
            with torch.no_grad():
                shelf.read = torch.cat([self._summed(part) for part in shelf.parts(range(shelf.count), _AT_ONCE)])
        shelf.read = shelf.read.detach()
        if learns and (anew or self._generator.random() < _SELDOM):
            rows = self._generator.sample(range(shelf.count), min(_ANEW, shelf.count))
            (part,) = shelf.parts(rows, len(rows))
            shelf.read = shelf.read.index_copy(0, torch.tensor(rows), self._summed(part))
        shelf.is_current = not learns

    def _summed(self, tensors: Sequence[Tensor]) -> Tensor:
        base, marks, mask, names = tensors
        with torch.autocast("cpu", torch.bfloat16):
            hidden = self.model.hidden(base, marks, mask)
        return name_and_whole(hidden.float(), mask, names)


class _Shelf:
    """The texts of a library, and what the model makes of them."""

    def __init__(self, tensors: tuple[Tensor, Tensor, Tensor, Tensor]) -> None:
        """Keeps the base's vectors, marks, mask, and the mask of the names."""
        self._tensors = tensors
        self.read = torch.zeros(0)
        """The means of each text's name and of all of it, shape (texts, 2 * WIDTH)."""
        self.is_current = False
        """Whether the model has not learnt since they were read."""

    @property
    def count(self) -> int:
        """How many texts there are."""
        return len(self._tensors[0])

    def parts(self, rows: Sequence[int], size: int) -> Iterator[tuple[Tensor, ...]]:
        """Yields some texts, so many at once, each part as long as its longest text."""
        for start in range(0, len(rows), size):
            part = torch.tensor(rows[start : start + size])
            base, marks, mask, names = (tensor[part] for tensor in self._tensors)
            longest = int(mask.sum(1).max())
            yield base[:, :longest], marks[:, :longest], mask[:, :longest], names[:, :longest]
