"""A text that arrives in pieces: adding one costs its own length, nearly, and not that of the whole text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, eq=False)
class StreamedText:
    """An immutable text to which pieces are added; `str` joins it.

    A piece is joined with its neighbours as long as those are less than twice its length. So there are never more
    chunks than the logarithm of the length, and a character is copied about as often.
    """

    chunks: tuple[str, ...] = ()
    """The text in order, each chunk at least twice as long as the next."""

    def plus(self, piece: str) -> StreamedText:
        """Returns the text with a piece at its end."""
        if not piece:
            return self
        count = len(self.chunks)
        length = len(piece)
        while count and len(self.chunks[count - 1]) < 2 * length:
            count -= 1
            length += len(self.chunks[count])
        return StreamedText((*self.chunks[:count], "".join((*self.chunks[count:], piece))))

    def tail(self, length: int) -> str:
        """Returns the end of the text, at most so many characters of it."""
        end = ""
        for chunk in reversed(self.chunks):
            if len(end) >= length:
                break
            end = chunk[-(length - len(end)) :] + end
        return end

    def __str__(self) -> str:
        return "".join(self.chunks)

    def __len__(self) -> int:
        return sum(map(len, self.chunks))

    def __eq__(self, other: object) -> bool:
        # How a text was cut into pieces is an accident of its way.
        return isinstance(other, StreamedText) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


NO_TEXT: Final = StreamedText()
"""The text before its first piece."""
