"""Voices for recordings, on a tiny SpeechT5 with random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import soundfile

from orchestrion.errors import FailedPreconditionError, InvalidArgumentError, RunCancelledError
from orchestrion_host.worker.models.audio.voice_conversion import VoiceConverter
from tests.checkpoints import sound_parts, voice_models
from tests.unit.host.worker.calls import Sent, call, file_of, spec

TASK: Final = "voice-conversion"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {}
    for name in ("speecht5_conversion", "vocoder", "speaker_encoder"):
        made[name] = tmp_path_factory.mktemp(name)
        getattr(voice_models, name)(made[name])
    return made


@pytest.fixture(scope="module")
def converter(folders: dict[str, Path]) -> VoiceConverter:
    parts = {name: folders[name] for name in ("vocoder", "speaker_encoder")}
    return VoiceConverter(spec(folders["speecht5_conversion"], TASK, parts))


def recording(path: Path, seconds: float, seed: int = 1) -> Path:
    samples = np.random.default_rng(seed).normal(0, 0.2, round(seconds * sound_parts.RATE)).astype(np.float32)
    soundfile.write(path, samples, sound_parts.RATE, subtype="FLOAT")
    return path


def said(result: Any) -> np.ndarray[Any, Any]:
    assert isinstance(result, dict), result
    samples, rate = soundfile.read(file_of(result["audio"]), dtype="float32")
    assert rate == 16_000
    return np.asarray(samples)


def test_another_recording_gives_another_voice(converter: VoiceConverter, tmp_path: Path) -> None:
    converter.warm_up()
    assert converter.parameter_bytes() > 0
    file, other = recording(tmp_path / "a.wav", 1.0), recording(tmp_path / "b.wav", 2.0, 2)
    calls = [
        call(TASK, {"audio": file}, tmp_path / "1"),
        call(TASK, {"audio": file, "reference_audio": other}, tmp_path / "2"),
        call(TASK, {"audio": file, "reference_audio": other}, tmp_path / "3"),
    ]
    neutral, changed, again = (said(result) for result in converter.predict(calls))
    assert len(neutral) > 100
    assert np.array_equal(changed, again)
    assert not (len(neutral) == len(changed) and np.allclose(neutral, changed, atol=1e-4))


def test_long_recordings_are_said_piece_by_piece(converter: VoiceConverter, tmp_path: Path) -> None:
    sent = Sent()
    (result,) = converter.predict([call(TASK, {"audio": recording(tmp_path / "a.wav", 17.0)}, tmp_path / "1", sent)])
    assert len(said(result)) > 0
    assert len(sent.progress()) >= 2
    assert sent.progress()[-1] == 1


def test_without_an_encoder_a_voice_cannot_be_followed(folders: dict[str, Path], tmp_path: Path) -> None:
    plain = VoiceConverter(spec(folders["speecht5_conversion"], TASK, {"vocoder": folders["vocoder"]}))
    file = recording(tmp_path / "a.wav", 0.5)
    refused, fine = plain.predict(
        [
            call(TASK, {"audio": file, "reference_audio": file}, tmp_path / "1"),
            call(TASK, {"audio": file}, tmp_path / "2"),
        ]
    )
    assert isinstance(refused, InvalidArgumentError)
    assert refused.field == "inputs.reference_audio"
    assert len(said(fine)) > 0


def test_an_encoder_of_another_size_is_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    voice_models.speaker_encoder(tmp_path, numbers=4)
    parts = {"vocoder": folders["vocoder"], "speaker_encoder": tmp_path}
    with pytest.raises(FailedPreconditionError, match="vectors of 4 numbers, not 8"):
        VoiceConverter(spec(folders["speecht5_conversion"], TASK, parts))


def test_bad_input_names_its_field_and_a_cancelled_call_ends(converter: VoiceConverter, tmp_path: Path) -> None:
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"no sound")
    file = recording(tmp_path / "a.wav", 40.0)
    spool = tmp_path / "spool"
    gone = call(TASK, {"audio": file}, spool)
    gone._send = lambda message: gone.cancel()
    first, second, third = converter.predict(
        [
            call(TASK, {"audio": bad}, tmp_path / "1"),
            call(TASK, {"audio": file, "reference_audio": bad}, tmp_path / "2"),
            gone,
        ]
    )
    assert isinstance(first, InvalidArgumentError)
    assert isinstance(second, InvalidArgumentError)
    assert (first.field, second.field) == ("inputs.audio", "inputs.reference_audio")
    assert isinstance(third, RunCancelledError)
    assert list(spool.iterdir()) == []
