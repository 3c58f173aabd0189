"""What detectors are to look for, from what a reader says of requests in several languages."""

from __future__ import annotations

import pytest

from orchestrion_controller.planner.builtin.binding.named_things import NamedThings


@pytest.mark.parametrize(
    ("language", "text", "part", "names"),
    [
        ("zh", "数斑马", "马", ["zebra"]),
        ("zh", "这里有几只斑马", "几只斑马", ["zebra"]),
        ("zh", "图片里有河马吗", "河马", []),
        ("ja", "シマウマは何頭いますか", "マウマ", ["zebra"]),
        ("de", "Wie viele Hunde und Katzen?", "Hunde und Katzen", ["dog", "cat"]),
        ("de", "Zähle die Igel und Hunde", "die Igel und Hunde", []),
        ("fr", "Compte les zèbres", "les zèbres", ["zebra"]),
        ("es", "Cuenta los animales", "los animales", ["animal"]),
        ("en", "Find the dogs", "the dogs", ["dog"]),
        ("en", "the picture of the dog", "the picture of the dog", []),
    ],
)
def test_names_are_taken_whole_and_only_where_nothing_else_is_said(
    language: str, text: str, part: str, names: list[str]
) -> None:
    start = text.index(part)
    assert NamedThings(text, language).within(start, start + len(part)) == names


def test_what_is_named_beside_other_words_is_told_once_in_order() -> None:
    text = "dogs, cats and dogs on the bus"
    bus = text.index("bus")
    assert NamedThings(text, "en").beside([(bus, len(text))]) == ["dog", "cat"]
