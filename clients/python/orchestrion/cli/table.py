"""Rows as a table: drawn on a terminal, and as aligned columns for people and `awk` alike where there is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import JustifyMethod, OverflowMethod
    from rich.table import Table

NO_STYLES: Final[Mapping[str, str]] = {}

_GAP: Final = "  "
_NARROWEST: Final = 10
"""A column is not cut below this width."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    title: str
    style: str = ""
    """How its cells look on a terminal."""
    styles: Mapping[str, str] = field(default_factory=lambda: NO_STYLES)
    """How cells of a certain text look there instead."""
    right: bool = False
    """Whether its cells stand at the right."""
    cut: bool = False
    """Whether its cells may be cut where the terminal is too narrow."""
    wrap: bool = False
    """Whether its cells go on in further lines instead of being cut."""
    optional: bool = False
    """Whether it is left out before anything is cut."""


def show_table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> None:
    """Shows rows: drawn where the output is a terminal, else as `print_table` does."""
    from orchestrion.cli import views
    from orchestrion.cli.printer import printable

    cells = [tuple(printable(cell) for cell in row) for row in rows]
    if views.on_terminal():
        console = views.console()
        console.print(drawn(columns, cells, console.width))
    else:
        print_table([column.title for column in columns], cells)


def drawn(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> Table:
    """Builds the table that a terminal of this width, in columns, shows."""
    from rich.table import Table
    from rich.text import Text

    places = _fitting(columns, rows, width)
    table = Table(box=None, pad_edge=False, padding=(0, len(_GAP), 0, 0), header_style="dim")
    for place, room in places.items():
        column = columns[place]
        justify: JustifyMethod = "right" if column.right else "left"
        overflow: OverflowMethod = "fold" if column.wrap else "ellipsis"
        table.add_column(column.title, justify=justify, width=room, no_wrap=not column.wrap, overflow=overflow)
    for row in rows:
        cells = [(row[place], columns[place]) for place in places]
        table.add_row(*(Text(cell, column.styles.get(cell, column.style)) for cell, column in cells))
    return table


def _fitting(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> dict[int, int]:
    """Chooses the columns that there is room for, by their place, and how wide each is."""
    from rich.cells import cell_len

    places = {
        place: max(
            cell_len(line) for cell in [column.title, *(row[place] for row in rows)] for line in cell.split("\n")
        )
        for place, column in enumerate(columns)
    }

    def excess() -> int:
        return sum(places.values()) + len(_GAP) * len(places) - width

    for place in reversed(range(len(columns))):
        if columns[place].optional and excess() > 0:
            del places[place]
    while excess() > 0:
        shrinkable = (place for place in places if columns[place].cut or columns[place].wrap)
        candidates = [place for place in shrinkable if places[place] > _NARROWEST]
        if not candidates:
            break
        places[max(candidates, key=places.__getitem__)] -= 1
    return places


def print_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints a header and rows, each column as wide as its longest cell."""
    lines = [header, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    for line in lines:
        print(_GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def gibibytes(count: int) -> str:
    """Writes a number of bytes."""
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"


def memory_bar(free: int, total: int, width: int = 10) -> str:
    """Draws how much of a memory is taken; empty where its size is not known."""
    if total <= 0:
        return ""
    taken = min(max(round((total - free) / total * width), 0), width)
    return "█" * taken + "░" * (width - taken)
