"""Sounds that tests make with numpy, and recordings brought into other formats, rates and numbers of channels."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import soundfile
import soxr

Samples = np.ndarray[Any, np.dtype[np.float32]]
"""Samples from -1 to 1, of shape (frames,) or (frames, channels)."""

FORMATS: Final[Mapping[str, tuple[str, str]]] = {
    "wav": ("WAV", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
}
"""What soundfile calls the formats, by suffix."""


def note(hertz: float, seconds: float, rate: int, loudness: float = 0.3) -> Samples:
    """Plays one note with two overtones, faded in and out."""
    time = np.arange(round(seconds * rate)) / rate
    wave = sum(np.sin(2 * np.pi * hertz * part * time) / part**2 for part in (1, 2, 3))
    fade = np.clip(np.minimum(time, seconds - time) / 0.05, 0, 1)
    return np.asarray(loudness * wave * fade, dtype=np.float32)


def beeps(rate: int, hiss: float) -> Samples:
    """Plays four short notes with pauses between, over a steady hiss."""
    quiet = np.zeros(round(0.6 * rate), dtype=np.float32)
    parts = [part for hertz in (330, 440, 550, 440) for part in (quiet, note(hertz, 0.4, rate))]
    clean = np.concatenate([*parts, quiet])
    return np.asarray(clean + np.random.default_rng(7).normal(0, hiss, len(clean)), dtype=np.float32)


def encoded(samples: Samples, rate: int, suffix: str) -> bytes:
    """Writes a sound file in the format that its suffix names."""
    form, subtype = FORMATS[suffix]
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=form, subtype=subtype)
    return file.getvalue()


def converted(source: Path, suffix: str, rate: int, channels: int, hiss: float = 0) -> bytes:
    """Brings a recording into another format, rate and number of channels, on request with a hiss under it."""
    samples, own_rate = soundfile.read(source, dtype="float32", always_2d=True)
    mono = soxr.resample(samples.mean(axis=1), own_rate, rate)
    mono = mono + np.random.default_rng(11).normal(0, hiss, len(mono)).astype(np.float32)
    # The left side a little quieter, as it is where the speaker stands on the right.
    stereo = np.stack([0.8 * mono, mono], axis=1)
    return encoded(np.clip(stereo if channels == 2 else mono, -1, 1), rate, suffix)


def _stereo(samples: Samples) -> Samples:
    return np.stack([samples, 0.8 * samples], axis=1)


MAKERS: Final[Mapping[str, Callable[[], bytes]]] = {
    "tone.ogg": lambda: encoded(_stereo(note(440, 2.0, 44_100)), 44_100, "ogg"),
    "quiet.mp3": lambda: encoded(note(262, 2.5, 22_050, loudness=0.02), 22_050, "mp3"),
    "loud.flac": lambda: encoded(note(392, 2.0, 48_000, loudness=0.4), 48_000, "flac"),
    "hissy.wav": lambda: encoded(beeps(16_000, hiss=0.02), 16_000, "wav"),
}
