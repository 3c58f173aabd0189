"""Amounts in any text: what holds whatever it says."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrion_controller.languages import amounts, folders, language_names
from orchestrion_controller.languages.phrases import Phrases, fold

PHRASES = (
    *(
        "half a",
        "a",
        "and",
        "two",
        "hundred",
        "second",
        "1/2",
        "-3",
        "1:30",
        "%",
        "by",
        "x",
        "und",
        "zwei",
        "halb",
        "ein",
    ),
    *(
        "million",
        "demi",
        "vingt",
        "et",
        "un",
        "y",
        "medio",
        "三",
        "百",
        "半",
        "分之",
        "点",
        "第",
        "時",
        "2.5",
        "point",
        "more",
    ),
)
TEXTS = st.text(max_size=200) | st.lists(st.sampled_from(PHRASES), max_size=40).flatmap(
    lambda words: st.sampled_from(["", " ", "-"]).map(lambda gap: gap.join(words))
)


@given(text=TEXTS, tag=st.sampled_from(sorted(folders.load())))
@settings(deadline=None, max_examples=300)
def test_spans_lie_in_the_text_in_order_and_apart(text: str, tag: str) -> None:
    for read in (amounts.read(text, [folders.load()[tag]]), amounts.read(text), language_names.read(text)):
        end = 0
        for item in read:
            assert end <= item.start < item.end <= len(text)
            end = item.end


@given(text=TEXTS)
@settings(deadline=None)
def test_folding_keeps_places(text: str) -> None:
    assert len(fold(text)) == len(text)


@pytest.mark.parametrize("tag", sorted(folders.load()))
@pytest.mark.parametrize(
    "piece",
    ["zwei", "half a ", "two hundred and ", "第三百", "1 min 30 s ", "einund", "a", " ", "1:", "9", "-", "百分之"],
)
def test_steps_grow_with_the_length_of_a_text(tag: str, piece: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking up phrases is what the reader does for each place: a text twice as long needs twice as many look-ups."""
    counts = []
    look_up = Phrases.at
    steps = 0

    def counted(self: Phrases[object], text: str, start: int) -> object:
        nonlocal steps
        steps += 1
        return look_up(self, text, start)

    monkeypatch.setattr(Phrases, "at", counted)
    for length in (2_000, 4_000):
        steps = 0
        amounts.read((piece * length)[:length], [folders.load()[tag]])
        counts.append(steps)
    assert counts[1] <= 2.2 * counts[0] + 50


@pytest.mark.parametrize(
    "text", ["take-2.wav", "IMG_2044.jpg", "MP3", "H264", "3D", "v1.2.3", "10.0.0.1", "https://x.org/a/7.png"]
)
def test_digits_in_names_are_no_amounts(text: str) -> None:
    assert amounts.read(f"Look at {text} now") == ()


def test_digits_take_units_of_any_language() -> None:
    (amount,) = amounts.read("Make it 10分贝 louder")
    assert (amount.value, amount.unit) == (10.0, "decibel")


def test_the_longer_reading_of_two_languages_wins() -> None:
    languages = folders.load()
    (amount,) = amounts.read("zwei Minuten", [languages["en"], languages["de"]])
    assert (amount.value, amount.unit) == (120.0, "second")


@pytest.mark.parametrize(
    ("tag", "text", "value"),
    [
        ("en", "1,234.5", 1234.5),
        ("en", "1.234", 1.234),
        ("de", "1.234,5", 1234.5),
        ("de", "1,234", 1.234),
        ("fr", "12 345,6", 12345.6),
        ("en", "１２", 12.0),
        ("en", "−7", -7.0),
        ("en", "two thousand three hundred and forty-five", 2345.0),
        ("de", "zweitausenddreihundertfünfundvierzig", 2345.0),
        ("fr", "deux mille trois cent quarante-cinq", 2345.0),
        ("es", "dos mil trescientos cuarenta y cinco", 2345.0),
    ],
)
def test_numbers_are_read_as_the_language_writes_them(tag: str, text: str, value: float) -> None:
    (amount,) = amounts.read(text, [folders.load()[tag]])
    assert (amount.start, amount.end, amount.value) == (0, len(text), value)
