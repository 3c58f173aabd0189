"""The set on reading: what counts as a wrong character, and pages that say what they are said to say."""

from __future__ import annotations

import pytest

from benchmarks.quality import drawn_pages
from benchmarks.quality.reading import error_rate


@pytest.mark.parametrize(
    ("expected", "actual", "wrong"),
    [
        ("abcd", "abcd", 0),
        ("abcd", "abxd", 1),
        ("abcd", "bcd", 1),
        ("abcd", "zabcde", 2),
        ("abcd", "", 4),
        ("a b\nc", "a  b c", 0),
        ("kitten", "sitting", 3),
        ("first second", "second first", 12),
    ],
)
def test_wrong_characters_are_those_to_replace_add_and_take_away(expected: str, actual: str, wrong: int) -> None:
    assert error_rate(expected, actual) * len(expected) == pytest.approx(wrong)


def test_columns_have_their_lines_one_below_the_other_and_all_of_them_fit() -> None:
    text = drawn_pages.words("english.txt", 3)
    image, lines = drawn_pages.sheet(
        (600, 300), text, drawn_pages.font("default", 16), columns=2, margin=40, line_height=22
    )
    assert image.size == (600, 300)
    assert " ".join(lines) == " ".join(text[: len(" ".join(lines).split())])
    assert len(lines) == 2 * (220 // 22)
