"""Tables from files: CSV and its relatives, in whatever encoding and with whatever delimiter programs write them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call

MAX_BYTES: Final = 64 << 20
MAX_ROWS: Final = 100_000
MAX_COLUMNS: Final = 1_000

_DELIMITERS: Final = (",", ";", "\t", "|")
_TRIED_LINES: Final = 50
_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


@dataclass(frozen=True, slots=True)
class Table:
    """A table of texts."""

    columns: list[str]
    """The names of the columns: those of the first line, or `column 3` where it says none."""
    rows: list[list[str]]
    """The cells of each further line, as many as there are columns."""


def read(call: Call, name: str, max_rows: int = MAX_ROWS, max_columns: int = MAX_COLUMNS) -> Table:
    """Reads a table that a call brings; its first line names the columns.

    Args:
        call: The call.
        name: The input.
        max_rows: How many rows are read at most, the first line not counted.
        max_columns: How many columns are read at most.

    Raises:
        InvalidArgumentError: The file is no table, has no rows, or is too large.
    """
    path = call.file(name)
    size = path.stat().st_size
    if size > MAX_BYTES:
        problem = f"has {size:,} bytes; at most {MAX_BYTES:,} are read. Give the table in parts."
        raise call.bad_input(name, problem, size_bytes=size, limit_bytes=MAX_BYTES)
    text = _decoded(call, name, path.read_bytes())
    lines = _lines(call, name, text, max_rows)
    if len(lines) < 2:
        raise call.bad_input(name, "holds no rows; its first line must name the columns, and the next be data.")
    columns = [cell.strip() or f"column {place}" for place, cell in enumerate(lines[0][1], 1)]
    if len(columns) > max_columns:
        problem = f"has {len(columns):,} columns; at most {max_columns:,} are read. Leave some out."
        raise call.bad_input(name, problem, column_count=len(columns), limit_column_count=max_columns)
    rows = []
    for number, cells in lines[1:]:
        if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
            problem = f"has {len(cells)} cells in line {number}, but {len(columns)} columns."
            raise call.bad_input(name, problem, line=number)
        rows.append([cell.strip() for cell in [*cells, *[""] * len(columns)][: len(columns)]])
    return Table(columns, rows)


def write(call: Call, stem: str, table: Table) -> ipc.Plain:
    """Writes a table as CSV (UTF-8, commas) and returns the value that stands for it in outputs.

    Args:
        call: The call.
        stem: The name of the file without its ending.
        table: The table.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(table.rows)
    return call.spool.write([buffer.getvalue().encode()], "text/csv", f"{stem}.csv")


def _decoded(call: Call, name: str, content: bytes) -> str:
    encoding = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        # What spreadsheets of western Europe write; only five bytes mean nothing in it.
        text = content.decode("cp1252", errors="replace")
    if "\0" in text:
        raise call.bad_input(name, "is no table of text; give it as CSV or TSV.")
    return text


def _lines(call: Call, name: str, text: str, max_rows: int) -> list[tuple[int, list[str]]]:
    """Returns the cells of each line that has any, with its number from 1; quoted cells may hold line breaks."""
    delimiter = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows = []
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            rows.append((reader.line_num, cells))
            if len(rows) - 1 > max_rows:
                problem = f"has more than {max_rows:,} rows, which is the most that is read. Give it in parts."
                raise call.bad_input(name, problem, limit_row_count=max_rows)
    except csv.Error as error:
        problem = f"is no CSV that can be read: {error} in line {reader.line_num}."
        raise call.bad_input(name, problem, line=reader.line_num) from error
    return rows


def _delimiter(text: str) -> str:
    """Finds what stands between cells: what cuts most of the first lines into equally many, and into the most."""
    head = text.splitlines(keepends=True)[:_TRIED_LINES]

    def fit(delimiter: str) -> tuple[float, int]:
        try:
            widths = [len(cells) for cells in csv.reader(head, delimiter=delimiter) if cells]
        except csv.Error:
            return 0.0, 0
        if not widths or widths[0] < 2:
            return 0.0, 0
        return widths.count(widths[0]) / len(widths), widths[0]

    best = max(_DELIMITERS, key=fit)
    return best if fit(best)[1] else ","


def numbers(cells: Sequence[str]) -> list[float] | None:
    """Reads cells as numbers: signs of currency and percent, spaces and commas between thousands are left out.

    Returns:
        The numbers; None where a cell is none.
    """
    values = []
    for cell in cells:
        plain = cell.strip().strip("$€£¥% ").replace(" ", "").replace("\u00a0", "").replace(",", "")
        try:
            values.append(float(plain))
        except ValueError:
            return None
    return values
