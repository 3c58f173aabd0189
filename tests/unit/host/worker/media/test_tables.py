"""Tables from files: whatever programs write as CSV, and the limits that are named when they are exceeded."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from orchestrion.errors import InvalidArgumentError
from orchestrion_host.worker.media import tables
from orchestrion_host.worker.media.tables import Table
from tests.unit.host.worker import calls


def read(tmp_path: Path, content: bytes, max_rows: int = 100, max_columns: int = 10) -> Table:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    return tables.read(calls.call("any", {"table": path}, tmp_path), "table", max_rows, max_columns)


@pytest.mark.parametrize(
    "content",
    [
        b"name,age\nAda,36\nBob,41\n",
        b"name;age\r\nAda;36\r\nBob;41\r\n",
        b"name\tage\nAda\t36\nBob\t41",
        b"name|age\nAda|36\nBob|41\n",
        b'"name","age"\n"Ada","36"\n\n"Bob","41"\n',
        b"\xef\xbb\xbfname,age\nAda,36\nBob,41\n",
        "name,age\nAda,36\nBob,41\n".encode("utf-16"),
        b"name, age \nAda, 36\nBob, 41,,\n",
    ],
)
def test_tables_of_many_kinds_are_the_same(tmp_path: Path, content: bytes) -> None:
    assert read(tmp_path, content) == Table(["name", "age"], [["Ada", "36"], ["Bob", "41"]])


def test_quoted_cells_hold_delimiters_quotes_and_line_breaks(tmp_path: Path) -> None:
    result = read(tmp_path, b'name,said\nAda,"one, ""two"";\nthree"\n')
    assert result.rows == [["Ada", 'one, "two";\nthree']]


def test_letters_of_old_spreadsheets_are_read(tmp_path: Path) -> None:
    assert read(tmp_path, "stadt;grüße\nKöln;1\n".encode("cp1252")).columns == ["stadt", "grüße"]


def test_short_lines_are_filled_up_and_unnamed_columns_get_names(tmp_path: Path) -> None:
    result = read(tmp_path, b"name,,age\nAda\nBob,x,41\n")
    assert result == Table(["name", "column 2", "age"], [["Ada", "", ""], ["Bob", "x", "41"]])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no rows"),
        (b"name,age\n", "holds no rows"),
        (b"a,b\n1,2,3\n", "has 3 cells in line 2, but 2 columns"),
        (b"a\n" * 200, "more than 100 rows"),
        (b",".join([b"a"] * 11) + b"\n" + b",".join([b"1"] * 11), "has 11 columns; at most 10"),
        (b"\x89PNG\r\n\0\0\0\n\0", "is no table of text"),
        (b'a,b\n"' + b"x" * 200_000 + b'",1\n', "is no CSV that can be read: field larger"),
    ],
)
def test_what_is_no_table_or_too_large_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(InvalidArgumentError, match="Input `table`") as caught:
        read(tmp_path, content)
    assert words in str(caught.value)


def test_a_file_that_is_too_large_is_not_even_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_BYTES", 10)
    with pytest.raises(InvalidArgumentError, match="has 20 bytes; at most 10"):
        read(tmp_path, b"name,age\nAda,36\nB,4\n")


def test_a_table_is_written_so_that_it_reads_the_same(tmp_path: Path) -> None:
    table = Table(["name", "said"], [["Ada", 'one, "two"\nthree'], ["Zoë", ""]])
    path = calls.file_of(tables.write(calls.call("any", {}, tmp_path), "out", table))
    with path.open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [table.columns, *table.rows]


def test_cells_are_numbers_where_all_of_them_are() -> None:
    assert tables.numbers(["1,900", "$3.50", "12 %", "-4"]) == [1900, 3.5, 12, -4]
    assert tables.numbers(["1", "one"]) is None


def test_lines_and_cells_are_bounded_before_they_are_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidArgumentError, match=r"1,048,576 letters in line 2"):
        read(tmp_path, b"a,b\n" + b"x," * 600_000)
    monkeypatch.setattr(tables, "MAX_CELLS", 5)
    with pytest.raises(InvalidArgumentError, match="more than 5 cells"):
        read(tmp_path, b"a,b\n1,2\n3,4\n")
    assert len(read(tmp_path, b"a,b\n1,2\n").rows) == 1
