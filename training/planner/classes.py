"""What each piece of a marked request is to be read as: the classes of pieces, as numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from orchestrion_controller.planner.builtin.reading.heads import CHANGES, ROLES, STARTS
from orchestrion_controller.plans.offers import Offer
from orchestrion_controller.plans.quantities import scale
from training.planner.batches import Request
from training.planner.marked import Marked, Segment

IGNORED: Final = -100
"""The class of what is not learnt from, as the library has it."""

_NEUTRAL: Final = {"ratio": 1.0, "decibel": 0.0, "semitone": 0.0}
"""By its scale, the number with which an option changes nothing."""

_SHARES: Final = {0.1: "--", 0.25: "-", 0.4: "-~", 0.75: "+", 0.8: "+", 0.9: "++", 1.0: "++"}
"""What a share is where words do not say it as a number: "all of the noise"."""

_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?")

_OWN: Final = len(ROLES)
"""Where the abilities begin among the classes; the options follow them."""


@dataclass(frozen=True, slots=True)
class Targets:
    """What a batch of B requests with N pieces is to be read as."""

    classes: Tensor
    """Of each piece, shape (B, N)."""
    starts: Tensor
    """Of `STARTS` at each piece of a segment, shape (B, N)."""
    changes: Sequence[tuple[int, Sequence[int], int]]
    """For words of an option the row, the pieces, and which of `CHANGES` they are."""
    wanted: Tensor
    """1 for each ability that a request asks for, shape (B, T)."""


class Classes:
    """The classes of a library: the roles, its abilities, its options."""

    def __init__(self, library: Offer) -> None:
        """Numbers them."""
        self._library = library
        self._abilities = {(item.task_type.name, item.choices): number for number, item in enumerate(library.abilities)}
        self._options = {
            (item.task_type.name, item.parameter.name): number for number, item in enumerate(library.options)
        }
        self._parameters = [item.parameter for item in library.options]
        self._repeated = {item.name: item.repeated for item in self._parameters}

    def of(self, segment: Segment, marked: Marked) -> int | None:
        """The class of a segment's pieces; None where the library lacks it."""
        if segment.role in ROLES:
            return ROLES.index(segment.role)
        if segment.role == "ask":
            ability = self.ability(marked, segment.step)
            return None if ability is None else _OWN + ability
        option = self._option(segment, marked)
        return None if option is None else _OWN + len(self._abilities) + option

    def ability(self, marked: Marked, step: int) -> int | None:
        """The index of the ability that a step is; None where the library lacks it."""
        item = marked.steps[step]
        return self._abilities.get((item.type, tuple(sorted(item.choices.items()))))

    def change(self, segment: Segment, marked: Marked) -> int:
        """Which of `CHANGES` the words for an option are; an amount is up or down, too, as its words say."""
        value = marked.steps[segment.step].values.get(segment.parameter, "words")
        option = self._option(segment, marked)
        neutral = None if option is None else _NEUTRAL.get(scale(self._parameters[option]))
        if value in CHANGES or not _NUMBER.fullmatch(value):
            return CHANGES.index(value) if value in CHANGES else 0
        if neutral is None:
            return CHANGES.index(_SHARES.get(float(value), ""))
        return CHANGES.index("-" if float(value) < neutral else "+" if float(value) > neutral else "")

    def targets(self, requests: Sequence[Request[Marked]]) -> Targets:
        """Says what the pieces of requests are to be read as; those of the marks before a request are ignored."""
        shape = len(requests), max(len(request.pieces) for request in requests)
        classes = torch.full(shape, IGNORED, dtype=torch.long)
        starts = torch.full(shape, IGNORED, dtype=torch.long)
        changes: list[tuple[int, Sequence[int], int]] = []
        wanted = torch.zeros(len(requests), len(self._abilities))
        for row, request in enumerate(requests):
            marked = request.example
            for piece in request.inside(0, len(marked.text)):
                classes[row, piece] = ROLES.index("none")
            seen: set[tuple[object, ...]] = set()
            for segment in marked.segments:
                inside = request.inside(segment.start, segment.end)
                if not inside:
                    continue
                number = self.of(segment, marked)
                classes[row, inside] = IGNORED if number is None else number
                if number is None:
                    continue
                key = self._thing(segment, marked)
                starts[row, inside] = STARTS.index("inside")
                starts[row, inside[0]] = STARTS.index("more" if key in seen else "new")
                seen.add(key)
                if segment.role == "input":
                    changes.append((row, inside, self.change(segment, marked)))
            for step in marked.worded:
                position = self.ability(marked, step)
                if position is not None:
                    wanted[row, position] = 1
        return Targets(classes, starts, changes, wanted)

    def _option(self, segment: Segment, marked: Marked) -> int | None:
        """The index of an option; of what is to be done again, the one that the turn before had last."""
        own = marked.steps[segment.step].type
        types = reversed(marked.before) if own == "again" else (own,)
        return next((self._options[key] for name in types if (key := (name, segment.parameter)) in self._options), None)

    def _thing(self, segment: Segment, marked: Marked) -> tuple[object, ...]:
        """What a segment is of: two of the same thing are one thing said in two places."""
        if segment.role == "ask":
            return ("step", segment.step)
        if segment.role == "input":
            value = marked.steps[segment.step].values.get(segment.parameter, "words")
            if self._repeated.get(segment.parameter, False) or "," in value:
                return ("item", segment.start)
            return ("input", segment.step, segment.parameter)
        if segment.role == "unmet":
            return ("unmet", segment.start)
        return (segment.role, segment.step, segment.files)
