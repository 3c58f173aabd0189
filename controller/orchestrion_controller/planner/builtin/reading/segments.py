"""Which words of a request belong together, and what they are there for: the likeliest labels, word by word. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from orchestrion.plans import TaskType
from orchestrion_controller.planner.builtin.reading.features import Array
from orchestrion_controller.planner.builtin.reading.heads import ROLES, STARTS
from orchestrion_controller.planner.builtin.reading.pieces import Piece
from orchestrion_controller.plans.offers import Ability, Offer, Option, takes_several

Label: TypeAlias = str | Ability | Option
"""What words are there for: one of `ROLES`, an ability that they ask for, or an option that they give."""

_CHANGE: Final = 0.9
"""What it costs to take the next word for something else, in nats: a word between two alike is rarely different."""

_STEP: Final = 1.6
"""What it costs to take words for one more task type, in nats: most requests ask for one or two."""

_PASSED_OVER: Final = 2.0
"""How much less a word that says something counts as said for nothing, in nats."""
_NO_NAME: Final = 1.0
"""Likewise as part of what a file is called."""

_SURE: Final = float(np.log(0.5))
"""From which likelihood on a word asks for a step by itself."""
_AGAINST: Final = 2.0
"""How much less all else counts for such a word, in nats."""

_CLITIC: Final = re.compile(r"(?<=[^\W\d_])['\u2019][^\W\d_]{1,2}\b")
"""What follows an apostrophe and is no word of its own: "it's", "can't", "we're"."""

_NEVER: Final = -1e4
_NONE: Final = ROLES.index("none")
_FILE: Final = ROLES.index("file")
_INSIDE, _NEW, _MORE = (STARTS.index(name) for name in ("inside", "new", "more"))


@dataclass(frozen=True, slots=True)
class Segment:
    """Words of a request that belong together."""

    label: Label
    start: int
    """Where they begin, in characters."""
    end: int
    pieces: tuple[int, ...]
    """The indices of their pieces."""
    newness: float
    """The log odds that they begin something, and do not go on with what words before them began: `read` … `aloud`."""
    probability: float
    """How likely the label is, the mean of the words'."""

    @property
    def task_type(self) -> TaskType | None:
        """The task type that they are about; None for a role."""
        return None if isinstance(self.label, str) else self.label.task_type


def segments(
    pieces: Sequence[Piece],
    text: str,
    scores: Array,
    starts: Array,
    offer: Offer,
    *,
    is_small: Callable[[str], bool] = bool,
) -> list[Segment]:
    """Finds the segments of a request, in order; words that are there for nothing are in none.

    Args:
        pieces: The pieces of the request.
        text: The request.
        scores: Log probabilities of the labels at each piece: roles, abilities, options; shape (N, labels).
        starts: Log probabilities of the `STARTS` at each piece.
        offer: What the labels after the roles mean.
        is_small: Whether a word is one that says nothing by itself; others are not passed over lightly.
    """
    words = _words(pieces, text)
    if not words:
        return []
    of_words = np.stack([scores[list(word)].mean(0) for word in words])
    says = [not is_small(text[pieces[word[0]].start : pieces[word[-1]].end]) for word in words]
    of_words[says, _NONE] -= _PASSED_OVER
    of_words[says, _FILE] -= _NO_NAME
    # A word that asks for something by itself is not lost among those around it: "… and speak the longer one". Where
    # scripts do not set words apart, pieces are no words.
    top = of_words.argmax(1)
    whole = np.array([_is_spaced(text[pieces[word[0]].start]) for word in words])
    sure = (
        np.array(says)
        & whole
        & (of_words.max(1) > _SURE)
        & (len(ROLES) <= top)
        & (top < len(ROLES) + len(offer.abilities))
    )
    others = np.arange(of_words.shape[1]) != top[:, None]
    of_words -= _AGAINST * (sure[:, None] & others)
    path = _fewest(of_words, offer)
    groups: list[tuple[int, list[int]]] = []
    for number, label in enumerate(path):
        first = words[number][0]
        touches = bool(groups) and groups[-1][0] == label and groups[-1][1][-1] == number - 1
        if label != _NONE and touches and not (_is_list(label, offer) and starts[first].argmax() != _INSIDE):
            groups[-1][1].append(number)
        elif label != _NONE:
            groups.append((label, [number]))
    return [_segment(label, members, words, (pieces, of_words, starts), offer) for label, members in groups]


def _is_list(label: int, offer: Offer) -> bool:
    """Whether words for a label may be several things one after the other, as names are; others are one thing."""
    meaning = label_of(label, offer)
    return meaning in ROLES if not isinstance(meaning, Option) else takes_several(meaning.parameter)


def label_of(index: int, offer: Offer) -> Label:
    """What a label's index means."""
    if index < len(ROLES):
        return ROLES[index]
    index -= len(ROLES)
    return offer.abilities[index] if index < len(offer.abilities) else offer.options[index - len(offer.abilities)]


def _segment(
    label: int,
    members: Sequence[int],
    words: Sequence[Sequence[int]],
    read: tuple[Sequence[Piece], Array, Array],
    offer: Offer,
) -> Segment:
    pieces, of_words, starts = read
    inside = tuple(piece for number in members for piece in words[number])
    return Segment(
        label_of(label, offer),
        pieces[inside[0]].start,
        pieces[inside[-1]].end,
        inside,
        float(starts[inside[0], _NEW] - np.logaddexp(starts[inside[0], _INSIDE], starts[inside[0], _MORE])),
        # The scores of what is unmet are raised beyond those of probabilities.
        min(1.0, float(np.exp(of_words[list(members), label].mean()))),
    )


def _words(pieces: Sequence[Piece], text: str) -> list[list[int]]:
    """Groups pieces into words; in scripts without spaces each piece is one."""
    words: list[list[int]] = []
    clitics = [match.span() for match in _CLITIC.finditer(text)]
    for number, piece in enumerate(pieces):
        if piece.end <= piece.start:
            continue
        before = pieces[words[-1][-1]] if words else None
        joins = (
            before is not None
            and piece.start in {before.start, before.end}
            and _is_spaced(text[before.end - 1])
            and _is_spaced(text[piece.start])
        )
        if joins or (before is not None and any(start <= piece.start < end for start, end in clitics)):
            words[-1].append(number)
        else:
            words.append([number])
    return words


def _is_spaced(char: str) -> bool:
    """Whether a letter is of a script that sets words apart; East Asian ones begin at U+2E80."""
    return char.isalnum() and not 0x2E80 <= ord(char) < 0xAC00


def _fewest(scores: Array, offer: Offer) -> list[int]:
    """The likeliest labels, without steps that few words speak for where others explain those words nearly as well."""
    path, total = _likeliest(scores)
    while True:
        least = None
        steps = _steps(path, offer)
        for labels in steps:
            fewer = scores.copy()
            fewer[:, labels] = _NEVER
            other, without = _likeliest(fewer)
            is_nearly_as_likely = total - without < (least[0] if least else _STEP)
            if is_nearly_as_likely and len(_steps(other, offer)) < len(steps):
                least = total - without, fewer, other, without
        if least is None:
            return path
        _, scores, path, total = least


def _steps(path: Sequence[int], offer: Offer) -> list[list[int]]:
    """The labels of each step: an ability that is asked for, or all of a task type of which only options are given."""
    taken = {label - len(ROLES) for label in path if label >= len(ROLES)}
    abilities = {number for number in taken if number < len(offer.abilities)}
    types = {offer.type_of[number] for number in abilities}
    bare = {offer.type_of[number] for number in taken} - types
    return [
        *([number + len(ROLES)] for number in sorted(abilities)),
        *([len(ROLES) + number for number, one in enumerate(offer.type_of) if one == kind] for kind in sorted(bare)),
    ]


def _likeliest(scores: Array) -> tuple[list[int], float]:
    """The likeliest labels, where each change costs something: (words, labels) to one label a word, and their score."""
    best = scores[0].copy()
    came_from = []
    for row in scores[1:]:
        top = int(best.argmax())
        changed = best[top] - _CHANGE
        stays = best >= changed
        came_from.append(np.where(stays, np.arange(len(best)), top))
        best = np.where(stays, best, changed) + row
    path = [int(best.argmax())]
    for row in reversed(came_from):
        path.append(int(row[path[-1]]))
    return path[::-1], float(best.max())
