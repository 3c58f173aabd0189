"""Sounds whose samples are in units of their own, whose channels cancel each other out, or whose headers lack sizes."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from orchestrion.errors import InvalidArgumentError
from orchestrion_host.worker.media.audio import audio_inputs, wav
from orchestrion_host.worker.media.audio.recordings import Recording
from tests.unit.host.worker import calls

SPEECH: Final = Path(__file__).parents[4] / "media" / "speech.flac"
RATE: Final = 16_000


def speech() -> npt.NDArray[np.float64]:
    """Somebody speaks, 0.6 at the loudest."""
    samples, rate = soundfile.read(SPEECH)
    assert rate == RATE
    scaled: npt.NDArray[np.float64] = samples * (0.6 / np.abs(samples).max())
    return scaled


def heard(path: Path, tmp_path: Path, rate: int = RATE) -> npt.NDArray[np.float32]:
    """All of a file as models hear it."""
    recording = Recording(calls.call("audio-classification", {"audio": path}, tmp_path / "out"), "audio", 600, rate)
    try:
        samples, is_last = recording.window(10 * RATE)
    finally:
        recording.close()
    assert is_last
    return samples


def likeness(one: npt.NDArray[np.float32], other: npt.NDArray[np.float64]) -> float:
    """The correlation of two sounds, whatever their loudness."""
    return float(np.corrcoef(one, other)[0, 1])


@pytest.mark.parametrize(
    ("subtype", "scale", "peak"),
    [
        ("FLOAT", 1.0, 0.6),
        ("FLOAT", 2.0, 1.2),
        ("FLOAT", 50_000.0, 30_000 / 32_768),
        ("DOUBLE", 100.0, 60 / 128),
        ("FLOAT", 2e9, 1.2e9 / 2**31),
        ("DOUBLE", 1e12, 1.0),
        ("FLOAT", 1e-4 / 0.6, 0.5),
        ("PCM_24", 1e-4 / 0.6, 0.5),
    ],
)
def test_samples_of_any_scale_are_neither_clipped_nor_silent(
    subtype: str, scale: float, peak: float, tmp_path: Path
) -> None:
    path = tmp_path / "sound.wav"
    soundfile.write(path, scale * speech(), RATE, subtype=subtype)
    samples = heard(path, tmp_path)
    assert np.abs(samples).max() == pytest.approx(peak, rel=0.01)
    assert likeness(samples, speech()) > 0.999


def test_a_click_is_no_measure_of_a_recording(tmp_path: Path) -> None:
    damaged = speech()
    damaged[[9_000, 9_001]] = 1e30, np.inf
    soundfile.write(tmp_path / "sound.wav", damaged, RATE, subtype="FLOAT")
    samples = heard(tmp_path / "sound.wav", tmp_path)
    assert np.abs(samples).max() <= 8
    assert samples[9_001] == 0
    np.testing.assert_allclose(samples[:9_000], speech()[:9_000], atol=1e-6)


@pytest.mark.parametrize("channels", [(1.0, -1.0), (0.5, -1.0, 0.0), (-1.0, 1.0, 1.0, -1.0)])
def test_channels_that_mirror_each_other_do_not_cancel_out(channels: tuple[float, ...], tmp_path: Path) -> None:
    soundfile.write(tmp_path / "sound.wav", speech()[:, None] * channels, RATE)
    samples = heard(tmp_path / "sound.wav", tmp_path)
    assert abs(likeness(samples, speech())) > 0.999
    assert np.abs(samples).max() == pytest.approx(0.6 * np.mean(np.abs(channels)), rel=0.01)


def test_channels_that_are_only_different_are_averaged(tmp_path: Path) -> None:
    left, right = speech(), np.random.default_rng(3).normal(0, 0.1, len(speech()))
    soundfile.write(tmp_path / "sound.wav", np.stack([left, right], axis=1), RATE, subtype="FLOAT")
    np.testing.assert_allclose(heard(tmp_path / "sound.wav", tmp_path), (left + right) / 2, atol=1e-6)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "ULAW", "ALAW", "IMA_ADPCM", "MS_ADPCM"])
def test_every_coding_of_wav_is_heard(subtype: str, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "sound.wav", speech(), RATE, subtype=subtype)
    assert likeness(heard(tmp_path / "sound.wav", tmp_path)[: len(speech())], speech()) > 0.98


@pytest.mark.parametrize(("rate", "channels"), [(7_350, 1), (11_127, 2), (48_000, 24), (192_000, 1)])
def test_odd_rates_and_many_channels_are_heard(rate: int, channels: int, tmp_path: Path) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)
    soundfile.write(tmp_path / "sound.wav", np.stack([tone] * channels, axis=1), rate)
    samples = heard(tmp_path / "sound.wav", tmp_path)
    assert len(samples) == pytest.approx(RATE, abs=2)
    assert np.abs(np.fft.rfft(samples)).argmax() == pytest.approx(440, abs=1)


SIZES: Final = {"zero": 0, "all ones": 0xFFFF_FFFF, "the largest number": 0x7FFF_FFFF}


@pytest.mark.parametrize("size", SIZES)
def test_a_file_from_a_pipe_is_heard_to_its_end(size: str, tmp_path: Path) -> None:
    samples = wav.sixteen_bits(speech().astype(np.float32))
    whole = wav.header(RATE)(len(samples)) + samples
    place = whole.index(b"data")
    written = struct.pack("<I", SIZES[size])
    path = tmp_path / "sound.wav"
    path.write_bytes(whole[:4] + written + whole[8 : place + 4] + written + whole[place + 8 :])
    assert likeness(heard(path, tmp_path), speech()) > 0.999


def test_a_file_without_samples_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    with path.open("wb") as file:
        # What follows the chunk of samples is no sound: the header of the whole counts it.
        listed = b"LIST" + struct.pack("<I", 4) + b"INFO"
        header = wav.header(RATE)(0)
        file.write(header[:4] + struct.pack("<I", 36 + len(listed)) + header[8:] + listed)
    with pytest.raises(InvalidArgumentError, match="has no samples: there is nothing to hear in it"):
        heard(path, tmp_path)
    call = calls.call("audio-classification", {"audio": path}, tmp_path / "out")
    with audio_inputs.opened(call, "audio", 600) as sound, pytest.raises(InvalidArgumentError):
        list(sound.blocks())
