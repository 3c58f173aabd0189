"""Libraries of task types as the reader has them: encoded, the last ones kept, and what is new in them expected."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final

import numpy as np

from orchestrion.plans import TaskType
from orchestrion_controller.languages.phrases import GappedPhrases
from orchestrion_controller.planner.builtin.reading.encoder import Encoder
from orchestrion_controller.planner.builtin.reading.features import Array
from orchestrion_controller.planner.builtin.reading.heads import ROLES, Heads, LibraryVectors
from orchestrion_controller.planner.builtin.reading.pieces import Piece, read_text
from orchestrion_controller.plans.offers import Offer, Option, abilities_of, offer

_NEW: Final = 1.0
"""How much more words ask for what nothing was learnt of but its texts, in nats: they are less like any words."""

_CUE: Final = 3.0
"""How much more than for anything else words ask for what is new here and lists them among its cues, in nats."""

_MOST: Final = 16
_MOST_OFFERED: Final = 2_000
"""How many libraries are kept, and how many abilities and options they may have together; our own has two hundred."""


@dataclass(frozen=True, slots=True)
class EncodedLibrary:
    """A library as the reader has it."""

    offer: Offer
    vectors: LibraryVectors
    new: Mapping[str, tuple[Sequence[int], GappedPhrases]]
    """The task types of which nothing was learnt but their texts: their abilities, and what finds their cues."""

    def expect(self, scores: Array, text: str, pieces: Sequence[Piece]) -> None:
        """Raises the scores of what is new: scores of the labels at pieces, shape (N, labels)."""
        for numbers, cues in self.new.values():
            own = [len(ROLES) + number for number in numbers]
            scores[:, own] += _NEW
            for start, end in cues.spans(text):
                inside = [number for number, piece in enumerate(pieces) if start <= piece.start < end]
                lacking = scores[inside].max(1) - scores[inside][:, own].max(1)
                scores[np.ix_(inside, own)] += (lacking + _CUE)[:, None]


class Libraries:
    """Encodes libraries, and keeps the last ones. Safe for use by several threads."""

    def __init__(self, encoder: Encoder, heads: Heads) -> None:
        """Takes what encodes them."""
        self._encoder = encoder
        self._heads = heads
        self._kept: OrderedDict[tuple[TaskType, ...], EncodedLibrary] = OrderedDict()
        self._lock = Lock()

    def get(self, task_types: tuple[TaskType, ...]) -> EncodedLibrary:
        """Returns a library: one of the last ones, or encoded now."""
        with self._lock:
            if task_types in self._kept:
                self._kept.move_to_end(task_types)
                return self._kept[task_types]
        offered = offer(task_types, self._is_read)
        abilities = [read_text(item.name_words, item.description, self._encoder.pieces) for item in offered.abilities]
        options = [read_text(*text, self._encoder.pieces) for text in offered.option_texts]
        encoded = self._encoder.encode([text for text, _ in (*abilities, *options)])
        vectors = self._heads.library(
            encoded[: len(abilities)],
            [length for _, length in abilities],
            encoded[len(abilities) :],
            [length for _, length in options],
            offered,
        )
        new: dict[str, list[int]] = {}
        for number, ability in enumerate(offered.abilities):
            if ability.digest not in self._heads.learnt:
                new.setdefault(ability.task_type.name, []).append(number)
        cues = {item.name: GappedPhrases(item.cues) for item in task_types}
        library = EncodedLibrary(offered, vectors, {name: (numbers, cues[name]) for name, numbers in new.items()})
        with self._lock:
            self._kept[task_types] = library
            while len(self._kept) > _MOST or (len(self._kept) > 1 and self._kept_count() > _MOST_OFFERED):
                self._kept.popitem(last=False)
        return library

    def _kept_count(self) -> int:
        return sum(len(library.offer.abilities) + len(library.offer.options) for library in self._kept.values())

    def _is_read(self, option: Option) -> bool:
        """Whether words are read for an option; not for one that a task type got after all else of it was learnt.

        What was learnt beside it was learnt without it: its bare text would take words from what they really ask for.
        """
        is_learnt = any(ability.digest in self._heads.learnt for ability in abilities_of(option.task_type))
        return option.digest in self._heads.learnt_options or not is_learnt
