"""Recognisers: recordings of any length, in windows, in batches; each on a tiny checkpoint with random weights."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import soundfile
import torch
import transformers

from orchestrion.errors import FailedPreconditionError, InvalidArgumentError, OrchestrionError, RunCancelledError
from orchestrion_host.worker.models.audio import speech_recognition
from orchestrion_host.worker.models.audio.recogniser import Recogniser
from orchestrion_host.worker.models.audio.whisper import phrases
from tests.checkpoints import recognition_models, sound_parts
from tests.unit.host.worker.calls import Sent, call, spec

pytestmark = pytest.mark.tasks

TASK: Final = "automatic-speech-recognition"
RATE: Final = sound_parts.RATE


def recogniser(folder: Path, **options: Any) -> Recogniser:
    return speech_recognition.load(spec(folder, TASK, **options))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {}
    for name in ("wav2vec2", "whisper", "speech2text"):
        made[name] = tmp_path_factory.mktemp(name)
        getattr(recognition_models, name)(made[name])
    made["unmasked"] = tmp_path_factory.mktemp("unmasked")
    recognition_models.wav2vec2(made["unmasked"], masked=False)
    return made


@pytest.fixture(scope="module")
def spelling(folders: dict[str, Path]) -> Recogniser:
    return recogniser(folders["wav2vec2"])


@pytest.fixture(scope="module")
def whisper(folders: dict[str, Path]) -> Recogniser:
    return recogniser(folders["whisper"])


def noise(seconds: float, seed: int = 1) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).normal(0, 0.2, round(seconds * RATE)).astype(np.float32)


def recording(folder: Path, samples: np.ndarray[Any, Any], name: str = "noise.wav") -> Path:
    soundfile.write(folder / name, samples, RATE, subtype="FLOAT")
    return folder / name


def heard(expert: Recogniser, folder: Path, *files: Path, **inputs: Any) -> list[Any]:
    calls = [call(TASK, {"audio": file, **inputs}, folder / str(number)) for number, file in enumerate(files)]
    return list(expert.predict(calls))


def test_a_short_recording_is_spelled_as_the_library_does(
    spelling: Recogniser, folders: dict[str, Path], tmp_path: Path
) -> None:
    samples = noise(3)
    (result,) = heard(spelling, tmp_path, recording(tmp_path, samples))
    extractor: Any = transformers.AutoFeatureExtractor
    extractor = extractor.from_pretrained(folders["wav2vec2"])
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folders["wav2vec2"])
    model: Any = transformers.AutoModelForCTC.from_pretrained(folders["wav2vec2"])
    with torch.inference_mode():
        logits = model(**extractor(samples, sampling_rate=RATE, return_tensors="pt")).logits
    wanted = tokenizer.decode(logits[0].argmax(-1), output_word_offsets=True, skip_special_tokens=False)
    assert result["text"] == " ".join(wanted.text.replace("<unk>", "").split())
    words = result["words"]["json"]
    assert [word["text"] for word in words] == result["text"].split()
    assert all(0 <= word["start_s"] < word["end_s"] <= 3 and 0 < word["score"] <= 1 for word in words)
    if "<unk>" not in wanted.text:
        for word, offsets in zip(words, wanted.word_offsets, strict=True):
            assert word["start_s"] == pytest.approx(offsets["start_offset"] * 320 / RATE, abs=0.011)


def test_a_long_recording_reads_as_if_it_were_heard_at_once(spelling: Recogniser, tmp_path: Path) -> None:
    samples = noise(75)
    sent = Sent()
    (result,) = spelling.predict([call(TASK, {"audio": recording(tmp_path, samples)}, tmp_path / "a", sent)])
    assert isinstance(result, dict)
    assert "".join(sent.pieces()).strip() == result["text"]
    assert len(sent.pieces()) > 3
    fractions = [fraction for fraction in sent.progress() if fraction is not None]
    assert fractions == sorted(fractions)
    assert 0 < fractions[0] < fractions[-1] < 1
    words = result["words"]["json"]
    assert all(before["end_s"] <= after["start_s"] for before, after in itertools.pairwise(words))
    assert words[-1]["end_s"] > 74
    # One window that takes it all in.
    window, spelling.window = spelling.window, 80 * RATE
    try:
        (at_once,) = heard(spelling, tmp_path, tmp_path / "noise.wav")
    finally:
        spelling.window = window
    # Normalisation hears the whole window, so that a few letters may differ.
    letters = [np.array(list(text)) for text in (result["text"], at_once["text"])]
    assert len(letters[0]) == pytest.approx(len(letters[1]), rel=0.05)


def test_a_script_without_spaces_streams_as_well(tmp_path: Path) -> None:
    recognition_models.wav2vec2(tmp_path, spaces=False)
    sent = Sent()
    file = recording(tmp_path, noise(95))
    (result,) = recogniser(tmp_path).predict([call(TASK, {"audio": file}, tmp_path / "spool", sent)])
    assert isinstance(result, dict)
    assert len(sent.pieces()) > 2
    assert "".join(sent.pieces()) == result["text"]
    assert " " not in result["text"]
    # As if it were spelled at once: no letter twice where windows meet.
    at_once = recogniser(tmp_path)
    at_once.window = 100 * RATE
    (wanted,) = heard(at_once, tmp_path, file)
    assert len(result["text"]) == pytest.approx(len(wanted["text"]), rel=0.02)


@pytest.mark.parametrize("name", ["wav2vec2", "unmasked", "whisper", "speech2text"])
def test_a_batch_reads_as_each_recording_alone(folders: dict[str, Path], tmp_path: Path, name: str) -> None:
    expert = recogniser(folders[name])
    expert.warm_up()
    assert expert.parameter_bytes() > 0
    files = [recording(tmp_path, noise(seconds, 3), f"{seconds}.wav") for seconds in (0.01, 2.0, 5.5, 41.0)]
    together = heard(expert, tmp_path, *files)
    alone = [heard(expert, tmp_path, file)[0] for file in files]
    assert together == alone
    assert any(result["text"] for result in alone)


def test_one_bad_recording_fails_alone(spelling: Recogniser, tmp_path: Path) -> None:
    good = recording(tmp_path, noise(1))
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"no sound" * 99)
    first, second, third = heard(spelling, tmp_path, good, bad, good)
    assert first == third
    assert isinstance(second, InvalidArgumentError)
    assert second.field == "inputs.audio"


def test_a_recording_that_is_too_long_names_the_setting(spelling: Recogniser, tmp_path: Path) -> None:
    (result,) = heard(spelling, tmp_path, recording(tmp_path, noise(1).repeat(601)))
    assert isinstance(result, OrchestrionError)
    assert "max_audio_seconds" in result.message


@pytest.mark.parametrize("name", ["wav2vec2", "whisper", "speech2text"])
def test_a_cancelled_call_ends_and_others_go_on(folders: dict[str, Path], tmp_path: Path, name: str) -> None:
    expert = recogniser(folders[name])
    file = recording(tmp_path, noise(62))
    gone, stays = call(TASK, {"audio": file}, tmp_path / "a"), call(TASK, {"audio": file}, tmp_path / "b")

    def leave(message: Any) -> None:
        gone.cancel()

    # Somebody leaves when the first window has been heard.
    gone._send = leave
    first, second = expert.predict([gone, stays])
    assert isinstance(first, RunCancelledError)
    assert isinstance(second, dict)


def test_whisper_writes_what_the_library_writes(whisper: Recogniser, folders: dict[str, Path], tmp_path: Path) -> None:
    samples = noise(4)
    (result,) = heard(whisper, tmp_path, recording(tmp_path, samples), spoken_language="de-AT")
    extractor: Any = transformers.AutoFeatureExtractor
    extractor = extractor.from_pretrained(folders["whisper"])
    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folders["whisper"])
    model: Any = transformers.WhisperForConditionalGeneration.from_pretrained(folders["whisper"])
    features = extractor(samples, sampling_rate=RATE, return_tensors="pt", return_attention_mask=True)
    with torch.inference_mode():
        tokens = model.generate(
            features.input_features,
            attention_mask=features.attention_mask,
            language="de",
            task="transcribe",
            return_timestamps=True,
            force_unique_generate_call=True,
        )
    assert result["text"] == tokenizer.decode(tokens[0], skip_special_tokens=True).strip()
    assert result["text"]


def test_whisper_says_which_languages_it_understands(whisper: Recogniser, tmp_path: Path) -> None:
    file = recording(tmp_path, noise(1))
    (result,) = heard(whisper, tmp_path, file, spoken_language="sw")
    assert isinstance(result, InvalidArgumentError)
    assert result.field == "inputs.spoken_language"
    assert "de, en, fr" in result.message
    # Without one, it hears which it is.
    (result,) = heard(whisper, tmp_path, file)
    assert isinstance(result, dict)


@pytest.mark.parametrize("tells_times", [True, False])
def test_a_whisper_of_english_alone_and_one_without_times_write_as_well(tmp_path: Path, tells_times: bool) -> None:
    recognition_models.whisper(tmp_path, is_multilingual=False, tells_times=tells_times)
    expert = recogniser(tmp_path)
    expert.warm_up()
    file = recording(tmp_path, noise(40))
    english, german = (heard(expert, tmp_path, file, spoken_language=tag)[0] for tag in ("en-GB", "de"))
    assert english["text"]
    assert english["words"]["json"][-1]["end_s"] > 30
    assert isinstance(german, InvalidArgumentError)
    assert "It understands en." in german.message


def test_silence_is_not_made_up_into_words(whisper: Recogniser, tmp_path: Path) -> None:
    (result,) = heard(whisper, tmp_path, recording(tmp_path, np.zeros(35 * RATE, np.float32)))
    assert result == {"text": ""}


FIRST_TIME: Final = 100


def at(seconds: float) -> int:
    return FIRST_TIME + round(seconds / 0.02)


def test_phrases_end_at_their_times_and_one_that_is_cut_off_waits_for_the_next_window() -> None:
    tokens = [at(0.5), 1, 2, at(3), at(3.2), 3, at(20), at(20), 4, 5]
    result, done = phrases(tokens, FIRST_TIME, 30.0, is_last=False)
    assert [(phrase.tokens, phrase.start_s, phrase.end_s) for phrase in result] == [
        ([1, 2], 0.5, 3.0),
        ([3], 3.2, 20.0),
    ]
    assert done == 20.0
    result, done = phrases(tokens, FIRST_TIME, 30.0, is_last=True)
    assert result[-1].tokens == [4, 5]
    assert done == 30.0


def test_a_window_without_pairs_of_times_is_taken_whole() -> None:
    for tokens in ([1, 2, 3], [at(0), 1, 2, 3], [at(0), 1, 2, 3, at(25)], []):
        result, done = phrases(tokens, FIRST_TIME, 30.0, is_last=False)
        assert done == 30.0
        assert sum(len(phrase.tokens) for phrase in result) == sum(token < FIRST_TIME for token in tokens)


def test_steps_do_not_become_endlessly_small() -> None:
    _, done = phrases([at(0), 1, at(0.02), at(0.02), 2], FIRST_TIME, 30.0, is_last=False)
    assert done == 30.0


def test_what_is_no_recogniser_is_said_to_be_none(tmp_path: Path) -> None:
    recognition_models.wav2vec2_classifier(tmp_path)
    with pytest.raises(FailedPreconditionError, match="no recogniser"):
        recogniser(tmp_path)
