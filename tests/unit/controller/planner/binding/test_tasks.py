"""Tasks of a reading, as a perfect reader would give it: files, results, options, and the steps left unsaid."""

from __future__ import annotations

import pytest

from orchestrion.errors import InvalidArgumentError
from orchestrion.plans import ParameterKind
from orchestrion_controller.planner import nearest
from orchestrion_controller.plans import conversions
from tests.unit.controller.planner.marked_readings import TYPES, read_as


def test_a_chain_works_on_results() -> None:
    case = read_as("{1 Read} {f1 this} {2 aloud}", "image-to-text image=f1", "text-to-speech text=1", files=["a.png"])
    assert case.plan() == ["image-to-text f1", "text-to-speech <image-to-text-1>"]


def test_each_of_several_files_is_a_task() -> None:
    case = read_as("{1 Write down} {f1,f2 both}", "automatic-speech-recognition audio=f1,f2", files=["a.wav", "b.wav"])
    assert case.plan() == ["automatic-speech-recognition f1", "automatic-speech-recognition f2"]


def test_two_inputs_of_a_kind_take_one_each() -> None:
    case = read_as("{1 compare} {f1,f2 them}", "sentence-similarity text=f1 other=f2", files=["a.txt", "b.txt"])
    assert case.plan() == ["sentence-similarity f1 f2"]


def test_what_is_made_of_one_file_is_compared_with_the_other() -> None:
    """Given words that mean one of two pages, and two are compared, then the other is the second of them."""
    text = "{1 read} {f1 page one} and {2 compare} it with the next"
    steps = ("image-to-text image=f1", "sentence-similarity text=1 other=f2")
    case = read_as(text, *steps, files=["one.png", "two.png"])
    assert case.plan() == [
        "image-to-text f1",
        "image-to-text f2",
        "sentence-similarity <image-to-text-1> <image-to-text-2>",
    ]


def test_what_is_asked_twice_is_done_once() -> None:
    text = "{1 compare} {1.text 'A cat sleeps'} with {1.other 'Stocks fell'}, {2 how close are they}?"
    case = read_as(text, "sentence-similarity text=words other=words", "sentence-similarity text=words other=words")
    assert case.plan() == ["sentence-similarity text='A cat sleeps' other='Stocks fell'"]


def test_a_text_in_quotation_marks_is_spoken_of_further() -> None:
    text = "Is {1.text 'I like it'} {1 positive}, and {2 how similar} is it to {2.other 'I love it'}?"
    steps = ("text-classification text=words domain=sentiment", "sentence-similarity text=words other=words")
    case = read_as(text, *steps)
    assert case.plan() == [
        "text-classification text='I like it' domain='sentiment'",
        "sentence-similarity text='I like it' other='I love it'",
    ]


def test_languages_fan_out() -> None:
    text = "{1 translate} {f1 it} into {1.language French} and {1.language German}"
    assert read_as(text, "translation text=f1 language=fr,de", files=["a.txt"]).plan() == [
        "translation f1 language='fr'",
        "translation f1 language='de'",
    ]


def test_what_is_left_unsaid_is_done_once_for_all_who_need_it() -> None:
    text = "{1 sum} {f1 the sign} {1 up} and {2 translate} it into {2.language French}"
    case = read_as(text, "summarization text=f1", "translation text=f1 language=fr", files=["sign.png"])
    assert [item.partition(" ")[0] for item in case.plan()].count("image-to-text") == 1


def test_different_files_take_different_steps() -> None:
    text = "make {f1 the first} {1.gain_db 3 dB louder} and {f2 the second} {2.gain_db 2 dB quieter}"
    steps = ("audio-to-audio audio=f1 gain_db=3", "audio-to-audio audio=f2 gain_db=-2")
    assert read_as(text, *steps, files=["a.wav", "b.wav"]).plan() == [
        "audio-to-audio f1 gain_db=3",
        "audio-to-audio f2 gain_db=-2",
    ]


@pytest.mark.parametrize(
    ("words", "files", "expected"),
    [
        ("the second one", ("a.wav", "b.wav", "c.wav"), ["f2"]),
        ("the last two", ("a.wav", "b.wav", "c.wav"), ["f2", "f3"]),
        ("all three", ("a.wav", "b.wav", "c.wav"), ["f1", "f2", "f3"]),
        ("b.wav", ("a.wav", "b.wav"), ["f2"]),
        ("bb.wav", ("b.wav", "bb.wav"), ["f2"]),
        ("sounds/b.wav", ("a.wav", "b.wav"), ["f2"]),
        ("https://example.org/sounds/b", ("a.wav", "b.wav"), ["f2"]),
        ("the interview", ("song.wav", "interview_anna.wav"), ["f2"]),
        ("two and three", ("a.wav", "b.wav", "c.wav"), ["f2", "f3"]),
        ("the third chapter", ("chapter3.wav",), ["f1"]),
        ("it", ("a.wav",), ["f1"]),
    ],
)
def test_which_files_words_mean(words: str, files: tuple[str, ...], expected: list[str]) -> None:
    case = read_as(f"{{1 transcribe}} {{f1 {words}}}", "automatic-speech-recognition audio=f1", files=files)
    assert case.plan() == [f"automatic-speech-recognition {name}" for name in expected]


def test_the_rest_is_what_was_not_spoken_of() -> None:
    text = "{1 transcribe} {f1 the first}, make {f2 the rest} {2.gain_db 3 dB louder}"
    steps = ("automatic-speech-recognition audio=f1", "audio-to-audio audio=f2 gain_db=3")
    assert read_as(text, *steps, files=["a.wav", "b.wav"]).plan() == [
        "automatic-speech-recognition f1",
        "audio-to-audio f2 gain_db=3",
    ]


def test_fewer_files_than_words_speak_of_is_an_error() -> None:
    case = read_as("{1 read} {f1 the third picture}", "image-to-text image=f1", files=["a.png", "b.png"])
    with pytest.raises(InvalidArgumentError, match="3 files") as caught:
        case.make()
    assert (caught.value.reason, caught.value.field) == ("MISSING_INPUT", "messages[0].artifacts")


def test_what_is_missing_is_named() -> None:
    with pytest.raises(InvalidArgumentError, match="It needs a picture: attach one"):
        read_as("{1 read} this", "image-to-text").make()


def test_words_that_give_no_value_are_kept() -> None:
    case = read_as("{1 transpose} {f1 it} {1.pitch_semitones up a fourth}", "audio-to-audio", files=["a.wav"])
    assert [item.label.parameter.name for item in case.make().unread] == ["pitch_semitones"]  # type: ignore[union-attr]


def test_a_file_and_words_for_one_input_are_not_both_taken() -> None:
    case = read_as("{1.text make} {f1 it} {1.text funnier}", "text2text-generation text=f1", files=["a.txt"])
    assert case.plan() == ["text2text-generation f1"]
    assert len(case.make().unread) >= 2


def test_a_prompt_in_two_places_is_one_text() -> None:
    case = read_as("{1 Paint} {1.prompt two owls on a roof}", "text-to-image prompt=words")
    assert case.plan() == ["text-to-image prompt='two owls on a roof'"]


def test_conversions_are_the_shortest_chain() -> None:
    types = TYPES.values()
    chain = conversions.chain(types, ParameterKind.AUDIO, ParameterKind.TEXT)
    assert [link.task_type.name for link in chain or ()] == ["automatic-speech-recognition"]
    assert conversions.chain(types, ParameterKind.TEXT, ParameterKind.TEXT) == ()
    assert conversions.chain((), ParameterKind.AUDIO, ParameterKind.TEXT) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{1 count the faces} in {f1 it} {? and mail it to Bob}.", "count the faces in it."),
        ("{? In his voice}, {1 read} {f1 this}", "read this"),
    ],
)
def test_the_nearest_request_leaves_out_what_nobody_can_do(text: str, expected: str) -> None:
    case = read_as(text, "image-to-text image=f1", files=["a.png"])
    lost = case.reading.of_role("unmet")
    others = [item for item in case.reading.segments if item not in lost]
    assert nearest.request(case.around.text, lost, others, lambda shorter: shorter == expected) == expected
    assert nearest.request(case.around.text, lost, others, lambda _: False) == ""


def test_what_detectors_look_for_has_its_english_name() -> None:
    text = "{1 Wie viele} {1.labels Hunde} sind auf {f1 dem Bild}?"
    case = read_as(text, "object-detection image=f1 labels=dog", files=["a.png"], tag="de")
    assert case.plan() == ["object-detection f1 labels='dog'"]


def test_of_two_texts_the_one_that_is_missing_is_told() -> None:
    case = read_as("{1 How alike are} {f1 these}?", "sentence-similarity text=f1 other=f1", files=["a.txt"])
    with pytest.raises(InvalidArgumentError, match="It needs 2 texts; attached: 1\\."):
        case.plan()


@pytest.mark.parametrize(
    ("text", "tag", "plan"),
    [
        ("{1 say} {f1 it} {1.voice in a deeper voice}", "en", "text-to-speech f1 pitch=0.75"),
        ("{1 say} {f1 it} {1.voice in a deep male voice}", "en", "text-to-speech f1 voice='male' pitch=0.75"),
        (
            "{1 lies} {f1 das} {1.voice mit hoher Frauenstimme} {1 vor}",
            "de",
            "text-to-speech f1 voice='female' pitch=1.5",
        ),
        ("{1 朗读} {f1 这个}，{1.voice 低沉的声音}", "zh", "text-to-speech f1 pitch=0.75"),
    ],
)
def test_words_for_a_voice_say_how_high_it_is_too(text: str, tag: str, plan: str) -> None:
    case = read_as(text, "text-to-speech text=f1 voice=words", files=["a.txt"], tag=tag)
    assert case.plan() == [plan]
    assert not case.make().unread


def test_a_language_is_not_the_text_that_was_spoken_of() -> None:
    """Given a step that lacks a text after one that has none in the words, either, then it is not guessed."""
    case = read_as(
        "{1 say} {f1 it} {1.language in German} and {2 how similar} is it to {2.other 'Hallo'}?",
        "text-to-speech text=f1 language=de",
        "sentence-similarity text=words other=words",
        files=["a.txt"],
    )
    assert case.plan() == ["text-to-speech f1 language='de'", "sentence-similarity f1 other='Hallo'"]


def test_a_prompt_is_not_a_text_to_work_on() -> None:
    case = read_as(
        "{1 Paint} {1.prompt two owls} and {2 translate} it into {2.language French}",
        "text-to-image prompt=words",
        "translation text=words language=fr",
    )
    with pytest.raises(InvalidArgumentError):
        case.make()
