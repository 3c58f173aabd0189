"""What a terminal shows after a program wrote to it: as much of a terminal as the command line uses."""

from __future__ import annotations

import re
from typing import Final

from rich.cells import cell_len

_TOKEN: Final = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b.|[\r\n\b]|[^\x1b\r\n\b]")


class Screen:
    """Lines of cells, of which a wide character takes two; it scrolls without an end."""

    def __init__(self, columns: int) -> None:
        """Begins with an empty line."""
        self._columns = columns
        self._lines: list[list[str]] = [[]]
        self._row = 0
        self._column = 0

    def write(self, text: str) -> None:
        """Shows what a program wrote; a sequence that moves or erases must not be cut in two."""
        for match in _TOKEN.finditer(text):
            if match[2]:
                self._control(match[2], match[1])
            elif match[0] == "\r":
                self._column = 0
            elif match[0] == "\n":
                self._go_to(self._row + 1)
            elif match[0] == "\b":
                self._column = max(self._column - 1, 0)
            elif not match[0].startswith("\x1b"):
                self._put(match[0])

    @property
    def lines(self) -> list[str]:
        """The lines, without spaces at their ends, and without empty ones before and after all."""
        lines = ["".join(line).rstrip() for line in self._lines]
        return "\n".join(lines).strip("\n").split("\n")

    def _put(self, char: str) -> None:
        width = cell_len(char)
        if self._column + width > self._columns:
            self._go_to(self._row + 1)
            self._column = 0
        line = self._lines[self._row]
        line += [" "] * (self._column + width - len(line))
        if width:
            line[self._column : self._column + width] = [char, *[""] * (width - 1)]
        elif self._column:
            line[self._column - 1] += char
        self._column += width

    def _control(self, letter: str, arguments: str) -> None:
        count = int(arguments) if arguments.isdecimal() else 1
        if letter == "A":
            self._row = max(self._row - count, 0)
        elif letter == "B":
            self._go_to(self._row + count)
        elif letter == "G":
            self._column = count - 1
        elif letter in "CD":
            self._column = max(self._column + (count if letter == "C" else -count), 0)
        elif letter == "K":
            line = self._lines[self._row]
            self._lines[self._row] = [] if arguments == "2" else line[: self._column]
        elif letter == "J":
            del self._lines[self._row + 1 :]
            self._lines[self._row] = self._lines[self._row][: self._column]
        elif letter not in "mhlu":
            raise ValueError(f"the screen has no \\e[{arguments}{letter}")

    def _go_to(self, row: int) -> None:
        self._row = row
        self._lines += [[] for _ in range(row + 1 - len(self._lines))]
