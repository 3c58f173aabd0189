"""Which pieces of words the encoder keeps of its teacher's 30,522: those of what it learns from, then frequent ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from orchestrion_controller.planner.builtin.learned.marking import MARKS
from orchestrion_controller.planner.builtin.learned.pieces import Pieces

SIZE: Final = 6500
"""How many pieces are kept: at 384 numbers each, a quarter of all weights."""

_SPECIAL: Final = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
_FIRST_WORD: Final = 1996
"""Where the words begin in BERT's vocabulary; from there on they are ordered by how frequent they are."""


def choose(teacher: Sequence[str], texts: Iterable[str], size: int = SIZE) -> list[int]:
    """Chooses pieces of the teacher's vocabulary, `MARKS` apart; returns their numbers in order."""
    pieces = Pieces([*teacher, *MARKS])
    counts = Counter(piece.id for text in texts for piece in pieces.cut(text))
    kept = {teacher.index(text) for text in _SPECIAL}
    # With all single letters every word can be written.
    kept |= {number for number, text in enumerate(teacher) if text.isascii() and len(text.removeprefix("##")) == 1}
    room = size - len(MARKS)
    frequent = (number for number, count in counts.most_common() if count > 1 and number < len(teacher))
    words = (number for number in range(_FIRST_WORD, len(teacher)) if teacher[number].isascii())
    for number in (*frequent, *words):
        if len(kept) >= room:
            break
        kept.add(number)
    return sorted(kept)
