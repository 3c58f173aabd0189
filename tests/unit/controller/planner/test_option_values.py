"""What the words for an option come to, as people say it in six languages; the grammar is the real one."""

from __future__ import annotations

import pytest

from orchestrion import task_types
from orchestrion.plans import Parameter, ParameterKind
from orchestrion.values import Value
from orchestrion_controller import languages
from orchestrion_controller.planner import option_values, spoken
from orchestrion_controller.planner.option_values import Words
from orchestrion_controller.plans.quantities import scale

TYPES = task_types.load()


def parameter(name: str, task_type: str = "audio-to-audio") -> Parameter:
    option = TYPES[task_type].input(name)
    assert option is not None, name
    return option


SPEED, VOLUME, PITCH = (parameter(name) for name in ("speed", "gain_db", "pitch_semitones"))
NOISE = parameter("noise_reduction")
SENTENCES = parameter("sentence_count", "summarization")
WIDTH = parameter("width", "text-to-image")
DURATION = parameter("duration_seconds", "text-to-audio")
LANGUAGE = parameter("language", "translation")
PROMPT = parameter("prompt", "text-to-image")


def value_of(option: Parameter, text: str, change: str = "", tag: str = "en") -> Value | None:
    read = spoken.read(text, (), [languages.load()[tag]])
    return option_values.value(option, Words(text, change, read.amounts, read.languages))


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        (SPEED, "ratio"),
        (parameter("speed", "text-to-speech"), "ratio"),
        (parameter("pitch", "text-to-speech"), "ratio"),
        (parameter("scale", "image-to-image"), "ratio"),
        (VOLUME, "decibel"),
        (PITCH, "semitone"),
        (NOISE, "share"),
        (parameter("strength", "image-to-image"), "share"),
        (DURATION, "second"),
        (parameter("bandwidth_kbps"), "kilobit_per_second"),
        (SENTENCES, ""),
    ],
    ids=lambda item: item.name if isinstance(item, Parameter) else item,
)
def test_what_a_number_is_stands_in_its_name_range_and_description(option: Parameter, expected: str) -> None:
    assert scale(option) == expected


FASTER = {
    "en": "50 % faster",
    "zh": "快50%",
    "de": "50 % schneller",
    "fr": "50 % plus vite",
    "es": "un 50 % más rápido",
    "ja": "50%速く",
}
TWICE_AS_SLOW = {
    "en": "twice as slow",
    "zh": "慢两倍",
    "de": "doppelt so langsam",
    "fr": "deux fois plus lent",
    "es": "el doble de lento",
    "ja": "2倍遅く",
}
OCTAVE_LOWER = {
    "en": "an octave lower",
    "zh": "低一个八度",
    "de": "eine Oktave tiefer",
    "fr": "une octave plus bas",
    "es": "una octava más grave",
    "ja": "1オクターブ低く",
}
LOUDER = {
    "en": "10 dB louder",
    "zh": "大10分贝",
    "de": "10 dB lauter",
    "fr": "10 dB plus fort",
    "es": "10 dB más alto",
    "ja": "10デシベル大きく",
}
BY_HALF = {"en": "by half", "zh": "减半", "de": "um die Hälfte", "fr": "de moitié", "es": "a la mitad", "ja": "半分に"}


@pytest.mark.parametrize("tag", FASTER)
def test_amounts_mean_the_same_in_every_language(tag: str) -> None:
    assert value_of(SPEED, FASTER[tag], "+", tag) == 1.5
    assert value_of(SPEED, TWICE_AS_SLOW[tag], "-", tag) == 0.5
    assert value_of(PITCH, OCTAVE_LOWER[tag], "-", tag) == -12
    assert value_of(VOLUME, LOUDER[tag], "+", tag) == 10
    assert value_of(SPEED, BY_HALF[tag], "-", tag) == 0.5


@pytest.mark.parametrize(
    ("text", "change", "expected"),
    [
        ("by half", "+", 1.5),
        ("at half speed", "", 0.5),
        ("half as fast", "-", 0.5),
        ("1.5x", "", 1.5),
        ("double the speed", "+", 2),
        ("three times slower", "-", 0.333333),
        ("20% slower", "-", 0.8),
        ("at 80 %", "", 0.8),
        ("slow it down to 80 %", "-", 0.8),
        ("speeding up to 120%", "+", 1.2),
        ("Bump it up 8%", "+", 1.08),
        ("from 120 to 90 bpm", "-", 0.75),
        ("the first one at 1.1", "", 1.1),
    ],
)
def test_a_ratio_is_to_what_there_is(text: str, change: str, expected: float) -> None:
    assert value_of(SPEED, text, change) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("option", "text", "change", "expected"),
    [
        (VOLUME, "by 6 decibels", "-", -6),
        (VOLUME, "minus 5 dB", "", -5),
        (VOLUME, "3", "-", -3),
        (VOLUME, "twice as loud", "+", 6.02),
        (VOLUME, "half as loud", "-", -6.02),
        (VOLUME, "20% louder", "+", 1.58),
        (PITCH, "down two octaves", "-", -24),
        (PITCH, "half a semitone", "+", 0.5),
        (PITCH, "twice as high", "+", 12),
        (NOISE, "70 %", "", 0.7),
        (NOISE, "0.3", "", 0.3),
        (DURATION, "half a minute", "", 30),
        (DURATION, "1 min 30 s", "", 90),
        (SENTENCES, "in three sentences", "", 3),
        (SENTENCES, "in two, three sentences", "", 3),
    ],
)
def test_other_scales(option: Parameter, text: str, change: str, expected: float) -> None:
    assert value_of(option, text, change) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("option", "values_by_change"),
    [
        (SPEED, {"+~": 1.15, "+": 1.5, "++": 2, "-~": 0.87, "-": 0.75, "--": 0.5}),
        (VOLUME, {"+~": 3, "+": 6, "++": 12, "-~": -3, "-": -6, "--": -12}),
        (PITCH, {"+~": 1, "+": 3, "++": 6, "-~": -1, "-": -3, "--": -6}),
        (NOISE, {"+~": 0.25, "+": 0.75, "++": 1, "-~": 0.4, "-": 0.25, "--": 0.1}),
    ],
    ids=lambda item: item.name if isinstance(item, Parameter) else "",
)
def test_more_and_less_without_an_amount_are_steps(option: Parameter, values_by_change: dict[str, float]) -> None:
    assert {change: value_of(option, "that way", change) for change in values_by_change} == values_by_change


@pytest.mark.parametrize(
    ("option", "text", "change"),
    [
        (PITCH, "up a fourth", "+"),  # An interval is not read: it must not become three semitones.
        (VOLUME, "louder for 20 seconds", "+"),
        (SPEED, "for 3 seconds faster", "+"),
        (NOISE, "8", "+"),  # Beyond its range.
        (SENTENCES, "shorter", "-"),  # Nobody can say how many sentences that is.
        (SPEED, "some other way", ""),
    ],
)
def test_an_amount_of_something_else_is_no_guess(option: Parameter, text: str, change: str) -> None:
    assert value_of(option, text, change) is None


def test_which_one_is_not_how_much() -> None:
    assert value_of(VOLUME, "the second one louder", "+") == 6
    assert value_of(SPEED, "both faster", "+") == 1.5


def test_milliseconds_are_counted_as_such() -> None:
    assert value_of(parameter("delay_ms", "test-delay"), "two seconds") == 2000


@pytest.mark.parametrize(
    ("text", "expected"),
    [("into Swiss German", "gsw"), ("auf Französisch", "fr"), ("翻成日语", "ja"), ("in capitals", None)],
)
def test_a_language_is_its_tag(text: str, expected: str | None) -> None:
    assert value_of(LANGUAGE, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("two owls on a roof", "two owls on a roof"),
        (": 'Keep out'", "Keep out"),
        ("«Défense d'entrer»", "Défense d'entrer"),
        ("「立入禁止」", "立入禁止"),
        ("the 'red' one", "the 'red' one"),
        ("  ", None),
    ],
)
def test_a_text_is_taken_as_it_is_without_its_quotation_marks(text: str, expected: str | None) -> None:
    assert value_of(PROMPT, text) == expected


def test_an_option_of_a_plug_in_is_read_by_its_unit() -> None:
    fade = Parameter("fade_seconds", ParameterKind.NUMBER, optional=True)
    assert value_of(fade, "over two and a half seconds") == 2.5
