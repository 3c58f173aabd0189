"""The parts of the sound engines by themselves."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pytest
import soundfile

from orchestrion_host.config import HostConfig
from orchestrion_host.worker.engines.audio import speech_passages
from orchestrion_host.worker.engines.audio.espeak_voices import Voice, Voices
from orchestrion_host.worker.engines.audio.utterances import utterances
from orchestrion_host.worker.media.audio import audio_files, denoising, limiting, wav
from orchestrion_host.worker.media.audio.audio_inputs import Samples
from orchestrion_host.worker.output_files import Spool

SPEECH: Final = Path(__file__).parents[4] / "media" / "speech.flac"
ENGLISH: Final = Voice("English (Great Britain)", "gmw/en", ((2, "en-gb"), (2, "en")))
POLISH: Final = Voice("Polish", "zlw/pl", ((5, "pl"),))
VOICES: Final = Voices([ENGLISH, POLISH], ["f2", "m3", "anika", "whisper", "whisperf", "grandpa", "UniRobot"])


def noise(seconds: float, rate: int, channels: int = 1) -> Samples:
    return np.random.default_rng(3).normal(0, 0.3, (round(seconds * rate), channels)).astype(np.float32)


def in_blocks(samples: Samples, size: int) -> Iterator[Samples]:
    for place in range(0, len(samples), size):
        yield samples[place : place + size]


@pytest.mark.parametrize("size", [1, 37, 1_000, 100_000])
def test_the_size_of_blocks_changes_nothing(size: int) -> None:
    samples = noise(0.3, 8_000, 2)
    learned = np.full((129, 2), 0.01, np.float32)
    louder = np.concatenate(list(limiting.amplified(in_blocks(samples, size), 8_000, 12.0)))
    cleaned = np.concatenate(list(denoising.denoised(in_blocks(samples, size), 8_000, learned, 1.0)))
    assert np.allclose(louder, np.concatenate(list(limiting.amplified([samples], 8_000, 12.0))), atol=1e-6)
    assert np.allclose(cleaned, np.concatenate(list(denoising.denoised([samples], 8_000, learned, 1.0))), atol=1e-6)
    assert louder.shape == cleaned.shape == samples.shape
    assert np.abs(louder).max() <= 1


def test_nothing_is_taken_out_when_no_noise_is_asked_to_go() -> None:
    samples = noise(0.5, 16_000)
    learned = denoising.learned([samples], 16_000, 1)
    assert learned is not None
    same = np.concatenate(list(denoising.denoised([samples], 16_000, learned, 0.0)))
    assert np.allclose(same, samples, atol=1e-4)


def test_a_short_sound_has_no_noise_to_learn() -> None:
    assert denoising.learned([noise(0.1, 16_000)], 16_000, 1) is None


def test_a_wav_file_is_written_before_its_length_is_known(tmp_path: Path) -> None:
    samples = noise(0.2, 44_100, 3).clip(-1, 1)
    blocks = (wav.sixteen_bits(block) for block in in_blocks(samples, 1_000))
    value = Spool(tmp_path).write(blocks, "audio/wav", "noise.wav", header=wav.header(44_100, 3))
    assert isinstance(value, dict)
    read, rate = soundfile.read(value["media"][0], dtype="float32")
    assert rate == 44_100
    assert np.abs(read - samples).max() <= 1 / 32_768


def test_people_who_do_not_pause_are_split_and_their_times_go_on() -> None:
    samples, rate = soundfile.read(SPEECH, dtype="int16")
    # The words without the silence around them, over and over, for 70 seconds.
    spoken = np.tile(samples[round(0.5 * rate) : round(2.3 * rate)], 39).tobytes()
    result = list(utterances([spoken[:100_001], spoken[100_001:]], rate))
    assert len(result) > 2
    assert sum(len(utterance.samples) for utterance in result) == pytest.approx(len(spoken), rel=0.02)
    for utterance, following in itertools.pairwise(result):
        seconds = len(utterance.samples) / 2 / rate
        assert 10 < seconds < 26
        assert following.start_s == pytest.approx(utterance.start_s + seconds, abs=0.5)


@pytest.mark.parametrize("pause_s", [0.4, 0.7, 2.0])
def test_an_utterance_has_what_is_around_it_and_nothing_is_heard_twice(pause_s: float) -> None:
    samples, rate = soundfile.read(SPEECH, dtype="int16")
    faint = np.random.default_rng(1).normal(0, 3, round(pause_s * rate)).astype(np.int16)
    recording = np.concatenate([faint, samples, faint, samples, faint]).tobytes()
    result = list(utterances([recording[:30_001], recording[30_001:]], rate))
    assert len(result) == 2
    end = 0
    for utterance in result:
        start = round(utterance.start_s * rate) * 2
        assert start >= end
        end = start + len(utterance.samples)
        assert recording[start:end] == utterance.samples
        # Speech is from 0.48 s to 2.43 s of the file, as the detector hears it.
        assert len(utterance.samples) / 2 / rate == pytest.approx(1.95 + 2 * 0.3, abs=0.15)


def test_a_long_text_is_spoken_whole_in_passages() -> None:
    text = "\n\n".join(f"Chapter {number}. It was a fine day; they went out. Was it far? No." for number in range(400))
    passages = speech_passages.split(text)
    assert "".join(passages) == text
    assert all(len(passage) < 2_100 for passage in passages)
    assert all(passage.rstrip()[-1] in ".?" for passage in passages)
    unbroken = "x" * 50_000
    assert "".join(speech_passages.split(unbroken)) == unbroken


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("female", "zlw/pl+f2"),
        ("Female voice", "zlw/pl+f2"),
        ("a man's voice", "zlw/pl+m3"),
        ("CHILD", "zlw/pl+anika"),
        ("whisper", "zlw/pl+whisper"),
        ("old man", "zlw/pl+grandpa"),
        ("the robot", "zlw/pl+UniRobot"),
        ("en-gb+woman", "gmw/en+f2"),
        ("m3", "zlw/pl+m3"),
        ("en", "gmw/en"),
        ("nobody", None),
    ],
)
def test_a_kind_of_voice_is_a_speaker_of_the_language(name: str, wanted: str | None) -> None:
    assert VOICES.named(name, POLISH) == wanted


def test_an_mp3_without_contents_promises_no_length(tmp_path: Path) -> None:
    file = io.BytesIO()
    soundfile.write(file, noise(2, 44_100), 44_100, format="MP3", bitrate_mode="VARIABLE")
    content = file.getvalue()
    # Its first frame is the table of contents; the second one begins the sound.
    bare = content[content.index(content[:2], 10) :]
    (tmp_path / "whole").write_bytes(content)
    (tmp_path / "bare").write_bytes(bare)
    (tmp_path / "tagged").write_bytes(b"ID3\x04\0\0\0\x01\0\0" + bytes(1 << 14) + content)
    assert audio_files.frames_by_header(tmp_path / "whole", "MP3", 88_200) == 88_200
    assert audio_files.frames_by_header(tmp_path / "tagged", "MP3", 88_200) == 88_200
    assert audio_files.frames_by_header(tmp_path / "bare", "MP3", 88_200) == 0


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
def test_the_longest_sound_must_be_a_length(seconds: float) -> None:
    with pytest.raises(ValueError, match="max_audio_seconds"):
        HostConfig(max_audio_seconds=seconds)
