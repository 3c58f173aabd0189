"""Voices: texts of any length as WAV, the same each time; each on a tiny checkpoint with random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import soundfile
import torch
import transformers

from orchestrion.errors import FailedPreconditionError, InvalidArgumentError, RunCancelledError
from orchestrion_host.worker.models.audio import speech_synthesis
from orchestrion_host.worker.models.audio.synthesiser import Synthesiser, bounded
from tests.checkpoints import voice_models
from tests.unit.host.worker.calls import Sent, call, file_of, spec

TASK: Final = "text-to-speech"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {}
    for name in ("vits", "speecht5_speech", "vocoder"):
        made[name] = tmp_path_factory.mktemp(name)
        getattr(voice_models, name)(made[name])
    made["speakers"] = tmp_path_factory.mktemp("speakers")
    voice_models.vits(made["speakers"], speakers=3)
    return made


def expert(folders: dict[str, Path], name: str, **options: Any) -> Synthesiser:
    parts = {"vocoder": folders["vocoder"]} if name == "speecht5_speech" else {}
    return speech_synthesis.load(spec(folders[name], TASK, parts, **options))


@pytest.fixture(scope="module")
def vits(folders: dict[str, Path]) -> Synthesiser:
    return expert(folders, "vits")


@pytest.fixture(scope="module")
def speecht5(folders: dict[str, Path]) -> Synthesiser:
    return expert(folders, "speecht5_speech", language="en")


def spoken(speaker: Synthesiser, folder: Path, text: str, **inputs: Any) -> tuple[np.ndarray[Any, Any], int]:
    (result,) = speaker.predict([call(TASK, {"text": text, **inputs}, folder)])
    assert isinstance(result, dict), result
    path = file_of(result["audio"])
    assert soundfile.info(path).subtype == "PCM_16"
    samples, rate = soundfile.read(path, dtype="float32")
    return samples, rate


def error_of(speaker: Synthesiser, folder: Path, **inputs: Any) -> InvalidArgumentError:
    (result,) = speaker.predict([call(TASK, inputs, folder)])
    assert isinstance(result, InvalidArgumentError)
    return result


def test_a_sentence_sounds_as_the_library_speaks_it(
    vits: Synthesiser, folders: dict[str, Path], tmp_path: Path
) -> None:
    samples, rate = spoken(vits, tmp_path, "Hello there.")
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folders["vits"])
    model: Any = transformers.VitsModel.from_pretrained(folders["vits"])
    with torch.inference_mode(), torch.random.fork_rng():
        torch.manual_seed(1)
        wanted = model(**tokenizer("Hello there.", return_tensors="pt")).waveform[0].numpy()
    assert rate == 16_000
    assert samples == pytest.approx(wanted, abs=1e-3)


@pytest.mark.tasks
@pytest.mark.parametrize("name", ["vits", "speecht5_speech"])
def test_the_same_text_gives_the_same_sound_alone_and_in_a_batch(
    folders: dict[str, Path], tmp_path: Path, name: str
) -> None:
    voice = expert(folders, name)
    voice.warm_up()
    assert voice.parameter_bytes() > 0
    texts = ["first come.", "The second sentence. It goes on."]
    torch.manual_seed(77)
    together = voice.predict([call(TASK, {"text": text}, tmp_path / text[:5]) for text in texts])
    for text, result in zip(texts, together, strict=True):
        assert isinstance(result, dict)
        alone, _ = spoken(voice, tmp_path / "alone", text)
        assert len(alone) > 100
        assert np.array_equal(soundfile.read(file_of(result["audio"]), dtype="float32")[0], alone)


def test_numbers_are_spelled_out_in_english(vits: Synthesiser, tmp_path: Path) -> None:
    figures, _ = spoken(vits, tmp_path, "at 10")
    words, _ = spoken(vits, tmp_path, "at ten")
    assert np.array_equal(figures, words)


@pytest.mark.tasks
def test_speed_and_pitch_are_heard(vits: Synthesiser, speecht5: Synthesiser, tmp_path: Path) -> None:
    text = "so that there is something to be heard"
    for voice in (vits, speecht5):
        normal, _ = spoken(voice, tmp_path, text)
        fast, _ = spoken(voice, tmp_path, text, speed=2.0)
        high, _ = spoken(voice, tmp_path, text, pitch=1.5)
        deep, _ = spoken(voice, tmp_path, text, pitch=0.0)
        assert 0.4 * len(normal) < len(fast) < 0.8 * len(normal)
        assert len(high) == len(deep) == len(normal)
        assert not np.allclose(high, normal, atol=1e-3)


def test_long_texts_are_spoken_sentence_by_sentence(vits: Synthesiser, tmp_path: Path) -> None:
    sent = Sent()
    book = call(TASK, {"text": "One sentence. Another one. A third."}, tmp_path, sent)
    (result,) = vits.predict([book])
    assert isinstance(result, dict)
    assert sent.progress() == pytest.approx([1 / 3, 2 / 3, 1])


def test_somebody_who_leaves_is_not_read_to_the_end(vits: Synthesiser, tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    book = call(TASK, {"text": "A sentence. " * 50}, spool)
    reported: list[Any] = []

    def leave(message: Any) -> None:
        reported.append(message)
        book.cancel()

    book._send = leave
    result, other = vits.predict([book, call(TASK, {"text": "Still here."}, tmp_path / "other")])
    assert isinstance(result, RunCancelledError)
    assert isinstance(other, dict)
    assert len(reported) == 1
    assert list(spool.iterdir()) == []


def test_what_a_voice_cannot_do_is_said_with_what_it_can(
    vits: Synthesiser, speecht5: Synthesiser, folders: dict[str, Path], tmp_path: Path
) -> None:
    for voice in (vits, speecht5):
        assert error_of(voice, tmp_path, text=" ").field == "inputs.text"
        wrong = error_of(voice, tmp_path, text="Guten Tag.", language="de-AT")
        assert wrong.field == "inputs.language"
        assert "It speaks en" in wrong.message
        assert error_of(voice, tmp_path, text="Hello.", voice="robot").field == "inputs.voice"
        spoken(voice, tmp_path, "Hello.", language="en-GB")
    assert "letters" in error_of(vits, tmp_path, text="你好。").message
    several = expert(folders, "speakers")
    assert "0 to 2" in error_of(several, tmp_path, text="Hello.", voice="3").message
    first, _ = spoken(several, tmp_path, "Hello.")
    third, _ = spoken(several, tmp_path, "Hello.", voice="2")
    assert not (len(first) == len(third) and np.allclose(first, third))


def test_a_voice_of_its_own_is_heard_and_one_of_another_size_refused(
    speecht5: Synthesiser, folders: dict[str, Path], tmp_path: Path
) -> None:
    own = expert(folders, "speecht5_speech", speaker_embedding=[float(place) for place in range(8)])
    neutral, _ = spoken(speecht5, tmp_path, "Hello.")
    other, _ = spoken(own, tmp_path, "Hello.")
    assert not (len(neutral) == len(other) and np.allclose(neutral, other))
    with pytest.raises(FailedPreconditionError, match="a list of 8 numbers"):
        expert(folders, "speecht5_speech", speaker_embedding=[1.0])


def test_a_missing_part_is_named(folders: dict[str, Path]) -> None:
    with pytest.raises(FailedPreconditionError, match="the part 'vocoder'"):
        speech_synthesis.load(spec(folders["speecht5_speech"], TASK))


def test_sentences_that_are_too_long_are_cut_at_spaces() -> None:
    text = "a word and another " * 20
    pieces = list(bounded(text.strip(), 50))
    assert all(len(piece) <= 50 for piece in pieces)
    assert " ".join(pieces).split() == text.split()
    assert list(bounded("x" * 120, 50)) == ["x" * 50, "x" * 50, "x" * 20]
