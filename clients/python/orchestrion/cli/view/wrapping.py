"""Words into lines while they come: a text that streams is broken between words, and never later than the width."""

from __future__ import annotations

from collections.abc import Callable

from rich.cells import cell_len

from orchestrion.cli.printer import printable


class Wrapper:
    """Writes a text that comes in pieces; holds back at most the word that is not whole yet."""

    def __init__(self, write: Callable[[str], object], width: int) -> None:
        """Starts at the beginning of a line.

        Args:
            write: Takes what is to be written, line ends included.
            width: How wide a line may be, in columns of the terminal.
        """
        self._write = write
        self._width = max(width, 2)
        self._column = 0
        self._spaces = 0
        self._word = ""

    def feed(self, piece: str) -> None:
        """Takes the next piece; what would steer the terminal is left out."""
        out: list[str] = []
        for letter in printable(piece):
            if letter == "\n":
                self._end_word(out)
                out.append("\n")
                self._column = self._spaces = 0
            elif letter.isspace() and letter != "\N{NO-BREAK SPACE}":
                self._end_word(out)
                self._spaces += 1
            elif cell_len(letter) > 1:
                # East Asian scripts, whose lines may break at every sign.
                self._end_word(out)
                self._word = letter
                self._end_word(out)
            else:
                self._word += letter
                if cell_len(self._word) >= self._width:
                    self._end_word(out)
        self._write("".join(out))

    def finish(self) -> None:
        """Writes what was held back, and ends the line."""
        out: list[str] = []
        self._end_word(out)
        if self._column:
            out.append("\n")
        self._column = self._spaces = 0
        self._write("".join(out))

    def _end_word(self, out: list[str]) -> None:
        if not self._word:
            return
        size = cell_len(self._word)
        if self._column + self._spaces + size > self._width:
            out.append("\n")
            self._column = self._spaces = 0
        out.append(" " * self._spaces + self._word)
        self._column += self._spaces + size
        self._spaces = 0
        self._word = ""


def wrapped(text: str, width: int) -> list[str]:
    """Breaks a text that is there already into lines."""
    pieces: list[str] = []
    wrapper = Wrapper(pieces.append, width)
    wrapper.feed(text)
    wrapper.finish()
    return "".join(pieces).splitlines()
