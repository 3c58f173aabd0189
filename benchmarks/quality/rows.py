"""What a set of labelled examples showed: figures beside what they should be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One figure."""

    measured: str
    """What was measured, such as `A4 at 300 dpi, 12 pt`."""
    figure: str
    """The figure, with its unit."""
    wanted: str = ""
    """What it should be, such as `at most 1 %`; empty where nothing is wanted of it."""
    is_met: bool = True
    """Whether it is."""


@dataclass(frozen=True, slots=True)
class Table:
    """The figures of one set."""

    title: str
    rows: tuple[Row, ...]

    def lines(self) -> list[str]:
        """Writes the table as text."""
        widths = [max(len(getattr(row, name)) for row in self.rows) for name in ("measured", "figure")]
        return [
            self.title,
            *(
                f"  {row.measured:<{widths[0]}}  {row.figure:>{widths[1]}}"
                + (f"  {row.wanted}" if row.wanted else "")
                + ("" if row.is_met else "  NOT MET")
                for row in self.rows
            ),
        ]
