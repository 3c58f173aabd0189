"""The order in which people read what a detector found: rows from top to bottom, each from left to right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

Corners: TypeAlias = Sequence[Sequence[float]]
"""The four corners of a box as [x, y] in pixels."""


@dataclass(frozen=True, slots=True)
class Line:
    """A piece of text that was found, how sure the reader is (0 to 1), and where it is."""

    text: str
    score: float
    box: Corners

    @property
    def left(self) -> float:
        """The smallest x, in pixels."""
        return min(x for x, _ in self.box)

    @property
    def top(self) -> float:
        """The smallest y, in pixels."""
        return min(y for _, y in self.box)

    @property
    def bottom(self) -> float:
        """The largest y, in pixels."""
        return max(y for _, y in self.box)


def rows(lines: Sequence[Line]) -> list[list[Line]]:
    """Groups pieces into rows: a piece belongs to a row when its middle lies within the height of the row's first."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: (line.top + line.bottom, line.left)):
        middle = (line.top + line.bottom) / 2
        row = next((row for row in rows if row[0].top <= middle <= row[0].bottom), None)
        if row is None:
            rows.append([line])
        else:
            row.append(line)
    return [sorted(row, key=lambda line: line.left) for row in rows]


def text(lines: Sequence[Line]) -> str:
    """Joins pieces of a row with spaces and rows with line breaks."""
    return "\n".join(" ".join(line.text for line in row) for row in rows(lines))
