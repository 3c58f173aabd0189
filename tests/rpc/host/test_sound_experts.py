"""The experts of sounds on a real host: any common file in, new sounds and words out."""

from __future__ import annotations

import asyncio
import contextlib
import io
import itertools
import math
import struct
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
import soundfile
import soxr

from orchestrion.errors import DeadlineExceededError, InvalidArgumentError
from orchestrion.inference import InferOutputs, InferProgress, InferText
from orchestrion.values import ArtifactRef, Json, Value
from tests.rpc.host.hosts import RunningHost

pytestmark = pytest.mark.asyncio(loop_scope="session")

Sound = np.ndarray[Any, np.dtype[np.float64]]

MEDIA: Final = Path(__file__).parents[2] / "media"
FORMATS: Final = {
    "wav 8": ("WAV", "PCM_U8"),
    "wav 16": ("WAV", "PCM_16"),
    "wav 24": ("WAV", "PCM_24"),
    "wav 32": ("WAV", "PCM_32"),
    "wav float": ("WAV", "FLOAT"),
    "flac": ("FLAC", "PCM_24"),
    "vorbis": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "aiff": ("AIFF", "PCM_16"),
}


def tone(hertz: float, seconds: float, rate: int, level: float = 0.3) -> Sound:
    return level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def stereo(left: Sound, right: Sound) -> Sound:
    return np.stack([left, right], axis=1)


def encoded(samples: Sound, rate: int, form: str = "wav 16") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=FORMATS[form][0], subtype=FORMATS[form][1])
    return file.getvalue()


async def changed(host: RunningHost, content: bytes, **inputs: Value) -> tuple[Sound, int]:
    """Sends a sound through `sound-tools`; returns the new one, of shape (frames, channels), and its rate."""
    audio = ArtifactRef(host.controller.artifacts.put(content))
    new = (await host.client.infer_with("sound-tools", {"audio": audio, **inputs})).outputs["audio"]
    assert isinstance(new, ArtifactRef)
    samples, rate = soundfile.read(io.BytesIO(host.controller.artifacts.contents[new.name]), always_2d=True)
    return samples, rate


async def heard(host: RunningHost, content: bytes) -> tuple[str, list[dict[str, Any]]]:
    audio = ArtifactRef(host.controller.artifacts.put(content))
    outputs = (await host.client.infer("pocketsphinx", audio=audio)).outputs
    text, words = outputs["text"], outputs["words"]
    assert isinstance(text, str)
    assert isinstance(words, Json)
    return text, words.data


def hertz(samples: Sound, rate: int) -> float:
    """Finds the strongest frequency of the middle of a sound."""
    middle = samples[len(samples) // 4 : len(samples) - len(samples) // 4]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), 4 * rate))
    return float(spectrum.argmax()) / 4


def loudness(samples: Sound) -> float:
    return float(np.sqrt(np.mean(samples**2)))


def signal_to_noise_db(clean: Sound, noisy: Sound) -> float:
    likeness = np.dot(clean, noisy) / np.dot(clean, clean)
    return 20 * math.log10(loudness(likeness * clean) / loudness(noisy - likeness * clean))


def recording(name: str) -> tuple[Sound, int]:
    samples, rate = soundfile.read(MEDIA / name)
    return samples, rate


@pytest.mark.parametrize(
    ("form", "rate"),
    # Opus has no 44.1 kHz.
    [(form, rate) for form in FORMATS for rate in (8_000, 16_000, 44_100, 48_000) if (form, rate) != ("opus", 44_100)],
)
async def test_a_tone_keeps_its_frequency_length_rate_and_channels(host: RunningHost, form: str, rate: int) -> None:
    left, right = tone(440, 1.0, rate), tone(1_000, 1.0, rate)
    mono, mono_rate = await changed(host, encoded(left, rate, form), gain_db=-1.0)
    both, both_rate = await changed(host, encoded(stereo(left, right), rate, form), gain_db=-1.0)
    assert mono_rate == both_rate == rate
    assert mono.shape[1] == 1
    assert both.shape[1] == 2
    assert len(mono) == pytest.approx(rate, rel=0.02)
    assert hertz(mono[:, 0], rate) == pytest.approx(440, abs=1)
    assert hertz(both[:, 0], rate) == pytest.approx(440, abs=1)
    assert hertz(both[:, 1], rate) == pytest.approx(1_000, abs=1)
    assert loudness(mono) == pytest.approx(loudness(left) * 10 ** (-1 / 20), rel=0.05)


@pytest.mark.tasks
@pytest.mark.parametrize("rate", [8_000, 44_100, 192_000])
async def test_speed_changes_the_length_and_not_the_pitch(host: RunningHost, rate: int) -> None:
    content = encoded(stereo(tone(440, 2.0, rate), tone(660, 2.0, rate)), rate)
    for speed in (2.0, 0.5, 0.25, 4.0):
        samples, _ = await changed(host, content, speed=speed)
        assert len(samples) == pytest.approx(2 * rate / speed, rel=0.001)
        assert hertz(samples[:, 0], rate) == pytest.approx(440, rel=0.01)
        assert hertz(samples[:, 1], rate) == pytest.approx(660, rel=0.01)


@pytest.mark.parametrize("rate", [8_000, 44_100])
async def test_pitch_changes_the_frequency_and_not_the_length(host: RunningHost, rate: int) -> None:
    content = encoded(tone(440, 2.0, rate), rate)
    for semitones, wanted in ((12.0, 880), (-12.0, 220), (7.0, 659.3)):
        samples, _ = await changed(host, content, pitch_semitones=semitones)
        assert len(samples) == 2 * rate
        assert hertz(samples[:, 0], rate) == pytest.approx(wanted, rel=0.01)


async def test_pieces_of_a_long_sound_are_joined_without_a_gap(host: RunningHost) -> None:
    samples, rate = await changed(host, encoded(tone(440, 70.0, 8_000), 8_000), speed=1.25, pitch_semitones=3.0)
    assert len(samples) == 56 * rate
    assert hertz(samples[:, 0], rate) == pytest.approx(440 * 2 ** (3 / 12), rel=0.01)
    pieces = samples[rate:-rate, 0].reshape(-1, rate // 20)
    assert np.sqrt((pieces**2).mean(axis=1)).min() > 0.7 * loudness(samples)


async def test_an_event_stays_where_it_is_in_the_stretched_sound(host: RunningHost) -> None:
    beep = np.where((np.arange(132_300) > 44_100) & (np.arange(132_300) < 88_200), tone(440, 3.0, 44_100), 0)
    samples, _ = await changed(host, encoded(beep, 44_100), speed=2.0, pitch_semitones=5.0)
    loud = np.flatnonzero(np.abs(samples[:, 0]) > 0.15)
    assert loud[0] / 44_100 == pytest.approx(0.5, abs=0.02)
    assert loud[-1] / 44_100 == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("inputs", [{}, {"noise_reduction": 1.0}])
async def test_noise_is_taken_out_of_a_steady_tone(host: RunningHost, inputs: dict[str, Value]) -> None:
    clean = tone(440, 3.0, 16_000)
    noisy = clean + np.random.default_rng(1).normal(0, 0.05, len(clean))
    samples, _ = await changed(host, encoded(noisy, 16_000), **inputs)
    assert signal_to_noise_db(clean, samples[:, 0]) > signal_to_noise_db(clean, noisy) + 12


async def test_hiss_and_hum_are_taken_out_of_a_voice(host: RunningHost) -> None:
    clean, rate = recording("speech.flac")
    noisy = clean + np.random.default_rng(2).normal(0, 0.02, len(clean)) + tone(100, len(clean) / rate, rate, 0.03)
    all_of_it, _ = await changed(host, encoded(noisy, rate), noise_reduction=1.0)
    half_of_it, _ = await changed(host, encoded(noisy, rate), noise_reduction=0.5)
    before = signal_to_noise_db(clean, noisy)
    assert signal_to_noise_db(clean, all_of_it[:, 0]) > before + 5
    assert before + 2 < signal_to_noise_db(clean, half_of_it[:, 0]) < signal_to_noise_db(clean, all_of_it[:, 0])


async def test_what_has_no_noise_is_left_alone(host: RunningHost) -> None:
    clean = tone(440, 2.0, 44_100)
    samples, _ = await changed(host, encoded(clean, 44_100))
    assert np.abs(samples[:, 0] - clean).max() < 0.01


async def test_gain_doubles_a_quiet_sound_and_limits_a_loud_one(host: RunningHost) -> None:
    quiet, loud = tone(300, 1.0, 44_100, 0.1), tone(300, 1.0, 44_100, 0.95)
    louder, _ = await changed(host, encoded(quiet, 44_100), gain_db=6.0206)
    assert loudness(louder) == pytest.approx(2 * loudness(quiet), rel=0.01)
    limited, _ = await changed(host, encoded(loud, 44_100), gain_db=20.0)
    assert np.abs(limited).max() <= 1
    # A wrapped sample jumps by nearly 2; a tone of 300 Hz moves by 0.043 at most. Clipping would add harmonics.
    assert np.abs(np.diff(limited[:, 0])).max() < 0.05
    spectrum = np.abs(np.fft.rfft(limited[:, 0] * np.hanning(44_100)))
    assert spectrum[900] < 0.01 * spectrum[300]


async def test_several_changes_apply_together(host: RunningHost) -> None:
    content = encoded(stereo(tone(440, 2.0, 44_100, 0.1), tone(440, 2.0, 44_100, 0.05)), 44_100)
    samples, _ = await changed(host, content, speed=2.0, pitch_semitones=12.0, gain_db=6.0206, noise_reduction=0.5)
    assert len(samples) == 44_100
    assert hertz(samples[:, 0], 44_100) == pytest.approx(880, rel=0.01)
    assert loudness(samples[10_000:30_000, 0]) == pytest.approx(0.2 / 2**0.5, rel=0.15)
    assert loudness(samples[:, 0]) == pytest.approx(2 * loudness(samples[:, 1]), rel=0.05)


async def test_the_new_file_is_named_after_the_old_one_and_the_changes(host: RunningHost) -> None:
    audio = ArtifactRef(host.controller.artifacts.put(encoded(tone(440, 0.5, 8_000), 8_000)))
    new = (await host.client.infer("sound-tools", audio=audio, gain_db=3.0, speed=0.5)).outputs["audio"]
    assert isinstance(new, ArtifactRef)
    stored = host.controller.artifacts.artifacts[new.name]
    assert stored.media_type == "audio/wav"
    assert stored.file_name.endswith("-slower-louder.wav")


@pytest.mark.parametrize("frames", [1, 80, 441, 8_000])
@pytest.mark.parametrize("level", [0.0, 0.3])
async def test_silence_and_the_shortest_sounds_are_sounds(host: RunningHost, frames: int, level: float) -> None:
    samples = tone(440, 1.0, 44_100, level)[:frames]
    for inputs in ({}, {"gain_db": 12.0}, {"speed": 2.0}, {"pitch_semitones": -5.0}):
        new, _ = await changed(host, encoded(samples, 44_100), **inputs)
        assert len(new) == max(1, round(frames / inputs.get("speed", 1.0)))
        assert np.isfinite(new).all()
    if not level:
        assert not np.abs(new).any()
        assert (await heard(host, encoded(samples, 44_100)))[0] == ""


async def test_samples_that_are_no_numbers_become_silence(host: RunningHost) -> None:
    samples = tone(440, 1.0, 16_000)
    samples[4_000:5_000] = np.nan
    samples[6_000:6_010] = np.inf
    new, _ = await changed(host, encoded(samples, 16_000, "wav float"), gain_db=0.0)
    assert not new[4_100:4_900].any()
    assert len(new) == 16_000


def cut_off(form: str) -> bytes:
    whole = encoded(tone(440, 3.0, 44_100), 44_100, form)
    return whole[: len(whole) * 6 // 10]


WHOLE = encoded(stereo(tone(440, 2.0, 44_100), tone(550, 2.0, 44_100)), 44_100)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"this is no sound at all" * 50, "not a sound in a format that this host reads"),
        (np.random.default_rng(5).bytes(20_000), "not a sound in a format that this host reads"),
        (encoded(np.zeros(0), 44_100), "has no samples"),
        (b"\0\0\0\x20ftypM4A \0\0\0\0M4A mp42isom" + bytes(900), "M4A.*Convert it to WAV, FLAC, OGG"),
        (b"\xff\xf1\x50\x80" + bytes(900), "AAC.*Convert it to WAV"),
        (b"#!AMR\n" + bytes(900), "AMR.*Convert it to WAV"),
        (b"\x1a\x45\xdf\xa3" + bytes(900), "WebM.*Convert it to WAV"),
        (b"RIFF\0\0\0\0WAVE", "damaged, cut off"),
        (WHOLE[: len(WHOLE) // 2], "damaged or cut off"),
        *[(cut_off(form), "damaged or cut off") for form in ("flac", "vorbis", "mp3", "aiff")],
    ],
)
async def test_what_cannot_be_read_is_said_to_be_so(host: RunningHost, content: bytes, message: str) -> None:
    audio = ArtifactRef(host.controller.artifacts.put(content))
    for expert in ("sound-tools", "pocketsphinx"):
        with pytest.raises(InvalidArgumentError, match=message) as caught:
            await host.client.infer(expert, audio=audio)
        assert (caught.value.reason, caught.value.field) == ("INVALID_INPUT", "inputs.audio")


async def test_a_sound_of_three_hours_is_turned_away_by_its_header(host: RunningHost) -> None:
    # Three hours at 8 kHz, of which FLAC keeps a few bytes a second: the header alone tells.
    content = encoded(np.zeros(3 * 3600 * 8_000, dtype=np.int16), 8_000, "flac")
    audio = ArtifactRef(host.controller.artifacts.put(content))
    for expert in ("sound-tools", "pocketsphinx"):
        with pytest.raises(InvalidArgumentError, match="max_audio_seconds") as caught:
            await host.client.infer(expert, audio=audio)
        assert caught.value.metadata["seconds"] == "10800"
        assert caught.value.metadata["limit_seconds"] == "7200"


async def test_a_sound_written_to_a_pipe_has_no_size_and_is_read(host: RunningHost) -> None:
    content = bytearray(encoded(tone(440, 1.0, 16_000), 16_000))
    content[4:8] = content[40:44] = struct.pack("<I", 0xFFFFFFFF)
    samples, _ = await changed(host, bytes(content), gain_db=0.0)
    assert len(samples) == 16_000


@pytest.mark.parametrize(
    ("name", "text"), [("speech.flac", "go forward ten meters"), ("errand.flac", "go somewhere and do something")]
)
async def test_a_person_is_understood(host: RunningHost, name: str, text: str) -> None:
    result, words = await heard(host, (MEDIA / name).read_bytes())
    assert result == text
    assert [word["text"] for word in words] == text.split()
    assert all(0 <= word["score"] <= 1 for word in words)
    # Both clips begin and end with silence, and words follow each other.
    assert 0.3 < words[0]["start_s"] < words[-1]["end_s"] < 2.6
    assert all(word["start_s"] < word["end_s"] for word in words)
    assert all(first["end_s"] <= second["start_s"] for first, second in itertools.pairwise(words))


@pytest.mark.parametrize(("form", "rate"), [("mp3", 44_100), ("vorbis", 48_000), ("opus", 48_000), ("wav 24", 96_000)])
async def test_a_person_is_understood_in_stereo_at_any_rate(host: RunningHost, form: str, rate: int) -> None:
    samples, own_rate = recording("speech.flac")
    voice = soxr.resample(samples, own_rate, rate)
    text, _ = await heard(host, encoded(stereo(voice, 0.5 * voice), rate, form))
    assert text == "go forward ten meters"


@pytest.mark.tasks
async def test_what_is_heard_does_not_depend_on_what_was_heard_before(host: RunningHost) -> None:
    """Given recordings by telephone, which are half guessed, each is heard alike whatever came between."""
    recordings = []
    for name in ("speech.flac", "errand.flac"):
        samples, rate = recording(name)
        recordings += [encoded(level * soxr.resample(samples, rate, 8_000), 8_000) for level in (1.0, 0.6)]
    first = [await heard(host, content) for content in recordings]
    for order in ((3, 2, 1, 0), (1, 3, 0, 2)):
        for place in order:
            assert await heard(host, recordings[place]) == first[place]


async def test_a_quiet_recording_is_made_louder_before_it_is_heard(host: RunningHost) -> None:
    samples, rate = recording("speech.flac")
    assert (await heard(host, encoded(0.01 * samples, rate, "wav 24")))[0] == "go forward ten meters"


async def test_utterances_are_sent_as_they_end_and_keep_their_times(host: RunningHost) -> None:
    samples, rate = recording("speech.flac")
    pause = np.zeros(3 * rate)
    content = encoded(np.concatenate([samples, pause, samples]), rate, "flac")
    audio = ArtifactRef(host.controller.artifacts.put(content))
    events = [event async for event in host.client.events("pocketsphinx", {"audio": audio})]
    pieces = [event.text for event in events if isinstance(event, InferText)]
    fractions = [event.fraction for event in events if isinstance(event, InferProgress) and event.fraction is not None]
    assert pieces == ["go forward ten meters", " go forward ten meters"]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)
    outputs = events[-1]
    assert isinstance(outputs, InferOutputs)
    assert outputs.outputs["text"] == "".join(pieces)
    words = outputs.outputs["words"]
    assert isinstance(words, Json)
    apart = words.data[4]["start_s"] - words.data[0]["start_s"]
    assert apart == pytest.approx(len(samples) / rate + 3, abs=0.1)


@pytest.mark.tasks
@pytest.mark.parametrize("expert", ["sound-tools", "pocketsphinx"])
async def test_a_long_job_ends_when_nobody_waits_for_it(host: RunningHost, expert: str) -> None:
    samples, rate = recording("speech.flac")
    hour = np.tile(samples, round(3600 * rate / len(samples)))
    audio = ArtifactRef(host.controller.artifacts.put(encoded(hour, rate, "flac")))
    events = host.client.events(expert, {"audio": audio, **({"speed": 0.25} if expert == "sound-tools" else {})})
    async with contextlib.aclosing(events):
        async for event in events:
            if isinstance(event, InferProgress) and (event.fraction or 0) > 0:
                break
    status = await host.when(expert, lambda status: status.running_count == 0)
    assert status.queued_count == 0
    # The expert is free again, which it would not be for many minutes.
    async with asyncio.timeout(60):
        await host.client.infer(expert, audio=ArtifactRef(host.controller.artifacts.put(WHOLE)))


async def test_a_deadline_ends_a_long_recording(host: RunningHost) -> None:
    samples, rate = recording("speech.flac")
    audio = ArtifactRef(host.controller.artifacts.put(encoded(np.tile(samples, 200), rate, "flac")))
    with pytest.raises(DeadlineExceededError):
        await host.client.infer_with("pocketsphinx", {"audio": audio}, timeout=3)


async def test_espeak_takes_kinds_of_voices_in_any_language(host: RunningHost) -> None:
    async def spoken(**inputs: Value) -> Sound:
        audio = (await host.client.infer_with("espeak-ng", {"text": "Seven brave boats", **inputs})).outputs["audio"]
        assert isinstance(audio, ArtifactRef)
        samples: Sound = soundfile.read(io.BytesIO(host.controller.artifacts.contents[audio.name]))[0]
        return samples

    for language in ("en", "de", "pl"):
        plain, woman, child = [
            await spoken(language=language, **extra)
            for extra in ({}, {"voice": "Female"}, {"voice": "a child's voice"})
        ]
        assert voice_hertz(woman) > 1.2 * voice_hertz(plain)
        assert voice_hertz(child) > 1.2 * voice_hertz(plain)


@pytest.mark.tasks
async def test_espeak_speaks_a_book_chapter_with_progress(host: RunningHost) -> None:
    text = "The lighthouse keeper climbed the stairs and lit the lamp, as he had done for thirty years. " * 550
    events = [event async for event in host.client.events("espeak-ng", {"text": text, "speed": 4.0})]
    fractions = [event.fraction for event in events if isinstance(event, InferProgress) and event.fraction is not None]
    assert len(text) > 50_000
    assert len(fractions) > 20
    assert fractions == sorted(fractions)
    outputs = events[-1]
    assert isinstance(outputs, InferOutputs)
    audio = outputs.outputs["audio"]
    assert isinstance(audio, ArtifactRef)
    sentence = (await host.client.infer("espeak-ng", text=text[:92], speed=4.0)).outputs["audio"]
    assert isinstance(sentence, ArtifactRef)
    one, all_of_them = [
        soundfile.info(io.BytesIO(host.controller.artifacts.contents[name.name])).duration for name in (sentence, audio)
    ]
    assert all_of_them == pytest.approx(550 * one, rel=0.1)


def voice_hertz(samples: Sound) -> float:
    """Finds the pitch of a voice at 22,050 Hz: the lag, 3 to 12 ms, at which the sound is most like itself."""
    likeness = np.fft.irfft(np.abs(np.fft.rfft(samples, 2 * len(samples))) ** 2)[66:265]
    return 22_050 / (66 + int(np.argmax(likeness)))
