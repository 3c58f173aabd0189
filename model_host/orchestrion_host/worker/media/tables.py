"""Tables from files: CSV and its relatives, in whatever encoding and with whatever delimiter programs write them."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call

MAX_BYTES: Final = 64 << 20
MAX_ROWS: Final = 100_000
MAX_COLUMNS: Final = 1_000
MAX_CELLS: Final = 4_000_000
"""In all rows together: each takes some 60 bytes of memory."""
MAX_LINE: Final = 1 << 20
"""Letters of a line of the file; a cell with line breaks may go over many lines."""

_DELIMITERS: Final = (",", ";", "\t", "|")
_TRIED_LINES: Final = 50
_PIECE: Final = 1 << 16
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
    lines = _lines(call, name, path, max_rows)
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


def _encoding(call: Call, name: str, path: Path) -> str:
    """Returns how a file is encoded: read piece by piece, since all of it as text may take four times its size."""
    with path.open("rb") as file:
        head = file.read(4)
        encoding = next((encoding for mark, encoding in _MARKS if head.startswith(mark)), "utf-8")
    for tried in (encoding, "cp1252"):
        try:
            with path.open(encoding=tried, errors="strict" if tried == encoding else "replace") as text:
                while piece := text.read(_PIECE):
                    if "\0" in piece:
                        raise call.bad_input(name, "is no table of text; give it as CSV or TSV.")
        except UnicodeDecodeError:
            # What spreadsheets of western Europe write; only five bytes mean nothing in it.
            continue
        return tried
    return encoding


def _text_lines(call: Call, name: str, file: TextIO) -> Iterator[str]:
    """Reads a file line by line, none longer than `MAX_LINE`.

    Raises:
        InvalidArgumentError: One is longer.
    """
    number = 0
    while line := file.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            problem = f"has more than {MAX_LINE:,} letters in line {number:,}, which is the most that is read."
            raise call.bad_input(name, problem, line=number, limit_character_count=MAX_LINE)
        yield line


def _lines(call: Call, name: str, path: Path, max_rows: int) -> list[tuple[int, list[str]]]:
    """Returns the cells of each line that has any, with its number from 1; quoted cells may hold line breaks."""
    encoding = _encoding(call, name, path)
    errors = "replace" if encoding == "cp1252" else "strict"
    with path.open(encoding=encoding, errors=errors, newline="") as file:
        head = list(itertools.islice(_text_lines(call, name, file), _TRIED_LINES))
        delimiter = _delimiter(head)
        reader = csv.reader(itertools.chain(head, _text_lines(call, name, file)), delimiter=delimiter)
        rows: list[tuple[int, list[str]]] = []
        count = 0
        try:
            for cells in reader:
                if not any(cell.strip() for cell in cells):
                    continue
                rows.append((reader.line_num, cells))
                count += len(cells)
                if len(rows) - 1 > max_rows:
                    problem = f"has more than {max_rows:,} rows, which is the most that is read. Give it in parts."
                    raise call.bad_input(name, problem, limit_row_count=max_rows)
                if count > MAX_CELLS:
                    problem = f"has more than {MAX_CELLS:,} cells, which is the most that is read. Give it in parts."
                    raise call.bad_input(name, problem, limit_cell_count=MAX_CELLS)
        except csv.Error as error:
            problem = f"is no CSV that can be read: {error} in line {reader.line_num}."
            raise call.bad_input(name, problem, line=reader.line_num) from error
    return rows


def _delimiter(head: Sequence[str]) -> str:
    """Finds what stands between cells: what cuts most of the first lines into equally many, and into the most."""

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
