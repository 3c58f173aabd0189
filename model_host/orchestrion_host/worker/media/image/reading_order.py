"""The order in which people read lines: columns one after the other, tables and forms row by row, rows from the left.

Whether two stretches of text beside each other are columns or cells is not written anywhere. They are columns where
both are prose, or where their lines are not at the same heights; the short, aligned ones of tables and forms are cells.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final, TypeAlias

Corners: TypeAlias = Sequence[Sequence[float]]
"""The four corners of a box as [x, y] in pixels, clockwise from the left upper one of its text."""

_GUTTER: Final = 0.8
"""How wide the space between columns is at least, in heights of a line."""
_UPENDED: Final = 2.0
"""How many times as high as wide, and as other lines are high, a line is that stands on its side."""
_PROSE: Final = 8.0
"""How many times as long as high the lines of a column of prose are at least, most of them."""
_FILLED: Final = 0.5
"""How much of a column's width its lines fill, most of them."""
_ALIGNED: Final = 0.8
"""The share of lines that stand at the height of one beside them, in a table."""
_BESIDE: Final = 0.5
"""The share of lines that have one beside them, in columns; those of a chat stand below each other."""
_FEWEST: Final = 3
"""Lines of a column."""


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


Rows: TypeAlias = list[list[Line]]
"""Rows in the order in which they are read, each from left to right."""

_Gutter: TypeAlias = tuple[float, float]
"""A space between columns, from its left edge to its right one."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A line where it would be on a page that is not tilted."""

    line: Line
    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


def rows(lines: Sequence[Line]) -> Rows:
    """Puts lines in the order of reading; pieces that stand beside each other in a row are one."""
    pieces = _straightened(lines)
    usual = median(piece.height for piece in pieces) if pieces else 0.0
    # What stands on its side, along the edge of a page or a picture, is in no row.
    upended = [piece for piece in pieces if piece.height > _UPENDED * max(usual, piece.right - piece.left)]
    in_order = _ordered([piece for piece in pieces if piece not in upended])
    in_order += [[piece] for piece in sorted(upended, key=lambda piece: piece.left)]
    return [[piece.line for piece in row] for row in in_order]


def text(lines: Sequence[Line]) -> str:
    """Joins pieces of a row with spaces and rows with line breaks."""
    return joined(rows(lines))


def joined(in_order: Rows) -> str:
    """Joins pieces of a row with spaces and rows with line breaks."""
    return "\n".join(" ".join(line.text for line in row) for row in in_order)


def _straightened(lines: Sequence[Line]) -> list[_Piece]:
    """Takes the tilt of the page out of the places of its lines: on a page of 1,000 pixels, 2 degrees are a line."""
    long = sorted(_slant(line) for line in lines if _width(line) >= 3 * _height(line))
    angle = median(long) if long else 0.0
    sine, cosine = math.sin(-angle), math.cos(-angle)
    pieces = []
    for line in lines:
        # Its own tilt goes with that of the page; the half height stays that of the line and not of its tilted box.
        x = sum(x for x, _ in line.box) / len(line.box)
        y = sum(y for _, y in line.box) / len(line.box)
        if _width(line) >= 3 * _height(line):
            half_width, half_height = _width(line) / 2, _height(line) / 2
        else:
            half_width = (max(x for x, _ in line.box) - line.left) / 2
            half_height = (line.bottom - line.top) / 2
        x, y = x * cosine - y * sine, x * sine + y * cosine
        pieces.append(_Piece(line, x - half_width, y - half_height, x + half_width, y + half_height))
    return pieces


def _ordered(pieces: Sequence[_Piece]) -> list[list[_Piece]]:
    """Orders a page or a column: whatever of it is in columns, column by column, and all else row by row."""
    strips = _strips(pieces)
    in_order: list[list[_Piece]] = []
    first = 0
    while first < len(strips):
        end, gutters = _run(strips, first)
        together = [piece for strip in strips[first:end] for piece in strip]
        # All gutters at once; or one of them, beside a column that is a table.
        divisions = [gutters, *([gutter] for gutter in sorted(gutters, key=lambda gutter: gutter[0] - gutter[1]))]
        parted = (_parted(together, division) for division in divisions if division)
        columns = next((sides for sides in parted if all(_are_columns(*pair) for pair in pairwise(sides))), None)
        if columns:
            for column in columns:
                in_order += _ordered(column)
        else:
            in_order += [row for strip in strips[first:end] for row in _rows(strip)]
        first = end
    return in_order


def _strips(pieces: Sequence[_Piece]) -> list[list[_Piece]]:
    """Divides pieces wherever a level line would cross none, from the top; a quarter of a letter may be crossed."""
    strips: list[list[_Piece]] = []
    reach = -math.inf
    for piece in sorted(pieces, key=lambda piece: (piece.middle, piece.left)):
        inner = piece.height / 4
        if piece.top + inner >= reach:
            strips.append([])
        strips[-1].append(piece)
        reach = max(reach, piece.bottom - inner)
    return strips


def _run(strips: Sequence[Sequence[_Piece]], first: int) -> tuple[int, Sequence[_Gutter]]:
    """Returns where the stretch of strips ends that have a gutter in common, and their gutters as (left, right)."""
    least = _GUTTER * median(piece.height for strip in strips for piece in strip)
    free: list[_Gutter] = [(-math.inf, math.inf)]
    inner: list[_Gutter] = []
    for end in range(first, len(strips)):
        for piece in strips[end]:
            free = [
                (left, right)
                for low, high in free
                for left, right in ((low, min(high, piece.left)), (max(low, piece.right), high))
                if right - left >= least
            ]
        still = [(left, right) for left, right in free if math.isfinite(left) and math.isfinite(right)]
        if not still and end > first:
            return end, inner
        inner = still
    return len(strips), inner


def _parted(pieces: Sequence[_Piece], gutters: Sequence[_Gutter]) -> list[list[_Piece]]:
    """Divides pieces by gutters, which are ordered from the left; none lies across one."""
    edges = [left for left, _ in gutters]
    columns: list[list[_Piece]] = [[] for _ in range(len(gutters) + 1)]
    for piece in pieces:
        columns[bisect_right(edges, piece.left)].append(piece)
    return columns


def _are_columns(left: Sequence[_Piece], right: Sequence[_Piece]) -> bool:
    if min(len(left), len(right)) < _FEWEST:
        return False
    fewer, more = sorted((left, right), key=len)
    beside = [[other for other in more if other.top < piece.middle < other.bottom] for piece in fewer]
    if sum(map(bool, beside)) < _BESIDE * len(fewer):
        return False
    if _is_prose(left) and _is_prose(right):
        return True
    aligned = [
        any(abs(other.middle - piece.middle) < 0.3 * min(other.height, piece.height) for other in others)
        for piece, others in zip(fewer, beside, strict=True)
    ]
    return sum(aligned) < _ALIGNED * len(fewer)


def _is_prose(column: Sequence[_Piece]) -> bool:
    width = max(piece.right for piece in column) - min(piece.left for piece in column)
    lengths = [piece.right - piece.left for piece in column]
    return median(lengths) >= max(_FILLED * width, _PROSE * median(piece.height for piece in column))


def _rows(pieces: Sequence[_Piece]) -> list[list[_Piece]]:
    """Groups pieces into rows: a piece belongs to a row when its middle lies within the height of the row's first."""
    grouped: list[list[_Piece]] = []
    for piece in sorted(pieces, key=lambda piece: (piece.middle, piece.left)):
        row = next((row for row in grouped if row[0].top <= piece.middle <= row[0].bottom), None)
        if row is None:
            grouped.append([piece])
        else:
            row.append(piece)
    return [sorted(row, key=lambda piece: piece.left) for row in grouped]


def _slant(line: Line) -> float:
    (left, top), (right, bottom) = line.box[0], line.box[1]
    return math.atan2(bottom - top, right - left)


def _width(line: Line) -> float:
    return math.dist(line.box[0], line.box[1])


def _height(line: Line) -> float:
    return math.dist(line.box[0], line.box[3])
