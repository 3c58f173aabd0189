"""Texts cut into the pieces of words that the encoder knows (WordPiece, Wu et al. 2016), with their places."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from orchestrion_controller.planner.builtin.learned.marking import Aside

MOST_PIECES: Final = 256
"""How many pieces the encoder reads at once; of a longer text it reads the beginning and the end."""

_WORD: Final = re.compile(r"[^\W_]+|[^\w\s]|_")
_LONGEST_WORD: Final = 60


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a word, or a mark."""

    id: int
    start: int
    """Where it stands in the text."""
    end: int
    begins_word: bool = True


class Pieces:
    """Cuts texts by a vocabulary."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        """Indexes a vocabulary; `##` begins the pieces that go on with a word. It holds `[UNK]`, `[CLS]`, `[SEP]`."""
        self.ids: Mapping[str, int] = {text: number for number, text in enumerate(vocabulary)}
        self._unknown = self.ids["[UNK]"]
        self._cuts: dict[str, tuple[int, ...]] = {}

    def cut(self, text: str, asides: Sequence[Aside] = ()) -> list[Piece]:
        """Cuts a text; what is set aside becomes one mark each. At most `MOST_PIECES`, beginning and end included."""
        pieces = [Piece(self.ids["[CLS]"], 0, 0)]
        position = 0
        for aside in asides:
            pieces += self._words(text, position, aside.start)
            pieces.append(Piece(self.ids[aside.mark], aside.start, aside.end))
            position = aside.end
        pieces += self._words(text, position, len(text))
        if len(pieces) >= MOST_PIECES:
            half = MOST_PIECES // 2
            pieces = pieces[:half] + pieces[len(pieces) - half + 1 :]
        return [*pieces, Piece(self.ids["[SEP]"], len(text), len(text))]

    def _words(self, text: str, start: int, end: int) -> list[Piece]:
        pieces: list[Piece] = []
        for match in _WORD.finditer(text, start, end):
            word = fold(match.group())
            cuts = self._cuts.get(word)
            if cuts is None:
                cuts = self._cut_word(word)
                if len(self._cuts) < 50_000:
                    self._cuts[word] = cuts
            begins = True
            for number in cuts:
                # Folding may change a word's length: all its pieces share the word's place.
                pieces.append(Piece(number, match.start(), match.end(), begins))
                begins = False
        return pieces

    def _cut_word(self, word: str) -> tuple[int, ...]:
        """Takes the longest piece that fits, again and again."""
        if len(word) > _LONGEST_WORD:
            return (self._unknown,)
        cuts: list[int] = []
        start = 0
        while start < len(word):
            for end in range(len(word), start, -1):
                number = self.ids.get(("##" if start else "") + word[start:end])
                if number is not None:
                    cuts.append(number)
                    start = end
                    break
            else:
                return (self._unknown,)
        return tuple(cuts)


def fold(text: str) -> str:
    """Takes case and accents off, as the encoder's vocabulary has them."""
    decomposed = unicodedata.normalize("NFD", text.lower())
    return "".join(char for char in decomposed if unicodedata.category(char) != "Mn")
