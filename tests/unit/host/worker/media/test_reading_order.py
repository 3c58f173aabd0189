"""The order of lines on pages: columns, tables, forms, chats, tilted pages."""

from __future__ import annotations

import math
from collections.abc import Sequence

from orchestrion_host.worker.media.image import reading_order
from orchestrion_host.worker.media.image.reading_order import Line


def line(text: str, left: float, top: float, width: float = 300, height: float = 20) -> Line:
    right, bottom = left + width, top + height
    return Line(text, 1.0, [[left, top], [right, top], [right, bottom], [left, bottom]])


def column(letter: str, left: float, tops: Sequence[float], width: float = 300) -> list[Line]:
    return [line(f"{letter}{number}", left, top, width) for number, top in enumerate(tops, 1)]


def order(lines: Sequence[Line]) -> list[str]:
    return reading_order.text(lines).split("\n")


def test_columns_of_prose_are_read_one_after_the_other_below_their_title_and_above_the_foot() -> None:
    tops = range(100, 260, 30)
    page = [line("title", 100, 40, 500), *column("a", 0, tops), *column("b", 340, tops), line("foot", 200, 400, 250)]
    names = [f"{letter}{number}" for letter in "ab" for number in range(1, 7)]
    assert order(page[::-1]) == ["title", *names, "foot"]


def test_three_columns_and_a_second_section_below_them() -> None:
    upper, lower = range(0, 120, 30), range(200, 320, 30)
    page = [
        *(piece for place, letter in enumerate("abc") for piece in column(letter, 340 * place, upper)),
        line("heading", 0, 150, 980),
        *(piece for place, letter in enumerate("de") for piece in column(letter, 510 * place, lower, 470)),
    ]
    upper_names = [f"{letter}{number}" for letter in "abc" for number in range(1, 5)]
    lower_names = [f"{letter}{number}" for letter in "de" for number in range(1, 5)]
    assert order(page) == [*upper_names, "heading", *lower_names]


def test_a_narrow_column_whose_lines_stand_at_other_heights_is_read_by_itself() -> None:
    page = [*column("text", 0, range(0, 240, 30), 500), *column("note", 560, range(12, 240, 41), 120)]
    assert order(page) == [*(f"text{n}" for n in range(1, 9)), *(f"note{n}" for n in range(1, 7))]


def test_tables_and_forms_are_read_row_by_row() -> None:
    tops = range(0, 150, 30)
    table = [*column("name", 0, tops, 90), *column("price", 300, tops, 60), *column("sum", 500, tops, 60)]
    assert order(table) == [f"name{n} price{n} sum{n}" for n in range(1, 6)]
    invoice = [*column("a long description", 0, tops, 400), *column("9.5", 600, tops, 50)]
    assert order(invoice) == [f"a long description{n} 9.5{n}" for n in range(1, 6)]


def test_two_lines_beside_two_others_are_rows() -> None:
    assert order([*column("a", 0, (0, 30)), *column("b", 340, (0, 30))]) == ["a1 b1", "a2 b2"]


def test_messages_of_a_chat_are_read_from_the_top_though_they_stand_on_two_sides() -> None:
    chat = [line(f"m{number}", 0 if number % 2 else 500, 60 * number) for number in range(10)]
    assert order(chat) == [f"m{number}" for number in range(10)]


def test_a_line_that_stands_on_its_side_beside_the_others_is_read_after_them() -> None:
    page = [line("side", 0, 0, 20, 400), *column("l", 60, range(0, 400, 40))]
    assert order(page) == [*(f"l{number}" for number in range(1, 11)), "side"]


def test_lines_of_a_tilted_page_stay_rows_of_their_own() -> None:
    # By 3 degrees a line of 1,000 pixels ends 52 lower than it began, beside the second line below it.
    angle = math.radians(3)

    def tilted(piece: Line) -> Line:
        corners = [
            [x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)] for x, y in piece.box
        ]
        return Line(piece.text, piece.score, corners)

    page = [tilted(line(f"l{number}", 0, 26 * number, 1000)) for number in range(12)]
    halves = [tilted(line(f"h{number}", 520 * (number % 2), 400 + 26 * (number // 2), 480)) for number in range(4)]
    assert order([*page, *halves]) == [*(f"l{number}" for number in range(12)), "h0 h1", "h2 h3"]
