"""The decisions that do no I/O: batches, evictions, reading order, voices."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrion_host.batching import next_batch, retry_after_ms
from orchestrion_host.memory.policy import Resident, choose_victims
from orchestrion_host.worker.engines.audio.espeak_voices import Voice, Voices, language_of
from orchestrion_host.worker.media.image import reading_order
from orchestrion_host.worker.media.image.reading_order import Line


@pytest.mark.parametrize(
    ("waiting", "size", "expected"),
    [
        ([], 4, []),
        (["a"], 4, [0]),
        (["a", "a", "a"], 2, [0, 1]),
        (["a", "b", "a", "b"], 4, [0, 2]),
        (["b", "a", "a", "a"], 1, [0]),
    ],
)
def test_a_batch_starts_with_the_oldest_and_takes_its_like(waiting: list[str], size: int, expected: list[int]) -> None:
    assert next_batch(waiting, size) == expected


@given(st.lists(st.sampled_from("abc"), max_size=30), st.integers(1, 8))
def test_batches_empty_any_queue_in_order_of_arrival(waiting: list[str], size: int) -> None:
    left, seen = list(enumerate(waiting)), []
    while left:
        places = next_batch([key for _, key in left], size)
        assert places[0] == 0
        assert 1 <= len(places) <= size
        batch = [left[place] for place in places]
        assert len({key for _, key in batch}) == 1
        seen += [number for number, _ in batch]
        left = [item for place, item in enumerate(left) if place not in places]
    assert sorted(seen) == list(range(len(waiting)))


def test_the_advice_of_a_full_queue_stays_in_bounds() -> None:
    assert retry_after_ms(100, 0.0, 1, 1) == 10
    assert retry_after_ms(100, 40.0, 2, 4) == 250
    assert retry_after_ms(1_000_000, 1000.0, 1, 1) == 10_000


def resident(name: str, size: int, used: float, *, evictable: bool = True, reserved: bool = False) -> Resident:
    return Resident(name, size, used, evictable, reserved)


def test_the_least_recently_used_goes_first() -> None:
    residents = [resident("new", 10, 3), resident("old", 10, 1), resident("middle", 10, 2)]
    assert choose_victims(residents, 5) == ("old",)
    assert choose_victims(residents, 15) == ("old", "middle")


def test_experts_in_use_never_go() -> None:
    residents = [resident("busy", 100, 1, evictable=False), resident("idle", 10, 2)]
    assert choose_victims(residents, 10) == ("idle",)
    assert choose_victims(residents, 11) is None


def test_claimed_experts_go_last() -> None:
    residents = [resident("claimed", 10, 1, reserved=True), resident("free", 10, 2)]
    assert choose_victims(residents, 10) == ("free",)
    assert choose_victims(residents, 20) == ("free", "claimed")


def test_nobody_goes_for_nothing_and_nobody_goes_in_vain() -> None:
    residents = [resident("small", 1, 1), resident("large", 100, 2)]
    assert choose_victims(residents, 0) == ()
    assert choose_victims(residents, -5) == ()
    assert choose_victims(residents, 100) == ("large",)


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9), st.booleans(), st.booleans()), max_size=8),
    st.integers(-10, 200),
)
def test_victims_suffice_and_each_is_needed(facts: list[tuple[int, int, bool, bool]], wanted: int) -> None:
    residents = [
        Resident(str(number), size, used, evictable, reserved)
        for number, (size, used, evictable, reserved) in enumerate(facts)
    ]
    sizes = {item.expert_id: item.memory_bytes for item in residents if item.evictable}
    victims = choose_victims(residents, wanted)
    if victims is None:
        assert sum(sizes.values()) < wanted
        return
    freed = sum(sizes[name] for name in victims)
    assert freed >= wanted
    assert all(freed - sizes[name] < wanted for name in victims)


def box(text: str, left: float, top: float, width: float = 100, height: float = 20) -> Line:
    right, bottom = left + width, top + height
    return Line(text, 1.0, [[left, top], [right, top], [right, bottom], [left, bottom]])


def test_rows_are_read_from_the_top_and_each_from_the_left() -> None:
    lines = [box("world", 150, 12), box("below", 0, 60), box("hello", 0, 8)]
    assert reading_order.text(lines) == "hello world\nbelow"
    assert reading_order.text([]) == ""


def test_lines_that_touch_stay_apart() -> None:
    assert reading_order.text([box("two", 0, 20), box("one", 0, 0), box("three", 0, 40)]) == "one\ntwo\nthree"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("hello", "en"),
        ("", "en"),
        ("123 🚀", "en"),
        ("请大声朗读 PDF", "cmn"),
        ("これは漢字です", "ja"),
        ("안녕하세요", "ko"),
        ("Привет", "ru"),
        ("שלום", "he"),
        ("مرحبا", "ar"),
        ("नमस्ते", "hi"),
    ],
)
def test_a_language_is_guessed_from_the_script(text: str, language: str) -> None:
    assert language_of(text) == language


@pytest.fixture
def voices() -> Voices:
    listed = [
        Voice("English (America)", "gmw/en-US", ((2, "en-us"), (3, "en"))),
        Voice("English (Great Britain)", "gmw/en", ((2, "en-gb"), (2, "en"))),
        Voice("Chinese (Mandarin)", "sit/cmn", ((5, "cmn"), (5, "zh"))),
    ]
    return Voices(listed, ["f3", "Mr serious"])


@pytest.mark.parametrize(
    ("tag", "identifier"),
    [
        ("en", "gmw/en"),
        ("EN_us", "gmw/en-US"),
        ("en-AU", "gmw/en"),
        ("zh-Hans-CN", "sit/cmn"),
        ("xx", None),
        ("", None),
    ],
)
def test_a_language_tag_finds_the_nearest_voice(voices: Voices, tag: str, identifier: str | None) -> None:
    voice = voices.for_language(tag)
    assert (voice.identifier if voice else None) == identifier


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("f3", "gmw/en+f3"),
        ("F3", "gmw/en+f3"),
        ("mr serious", "gmw/en+Mr serious"),
        ("cmn+f3", "sit/cmn+f3"),
        ("English (America)", "gmw/en-US"),
        ("en-us", "gmw/en-US"),
        ("nobody", None),
        ("nobody+f3", None),
        ("en+nobody", None),
    ],
)
def test_a_voice_is_found_by_speaker_name_or_language(voices: Voices, name: str, expected: str | None) -> None:
    english = voices.for_language("en")
    assert english is not None
    assert voices.named(name, english) == expected
