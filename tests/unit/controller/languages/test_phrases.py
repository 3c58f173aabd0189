"""Phrases with gaps: found whatever stands in the gaps, in any script, and never within a word."""

from __future__ import annotations

import pytest

from orchestrion_controller.languages.phrases import GappedPhrases

CUES = GappedPhrases(["how many words", "count the … words", "多少字", "wie viele Wörter", "quels mots"])


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("How many words has it?", ["How many words"]),
        ("Count the long words, and how many words", ["Count the long words", "how many words"]),
        ("这段文字有多少字？", ["多少字"]),
        ("WIE VIELE WORTER sind das", ["WIE VIELE WORTER"]),
        ("Show many words", []),
        ("how many wordsmiths", []),
        ("", []),
    ],
)
def test_they_are_found(text: str, matches: list[str]) -> None:
    assert [text[start:end] for start, end in CUES.spans(text)] == matches


def test_none_are_found_where_there_are_none() -> None:
    assert list(GappedPhrases([]).spans("how many words")) == []
