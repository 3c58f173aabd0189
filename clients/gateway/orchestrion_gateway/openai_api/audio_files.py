"""Sounds in the formats that callers ask for, made of what experts write, by libsndfile. Everything here blocks."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO, Final

from orchestrion import Reason
from orchestrion_gateway.openai_api.parameters import unsupported


@dataclass(frozen=True, slots=True)
class SoundFormat:
    """A format of sound files."""

    media_type: str
    """Its media type."""
    container: str
    """What libsndfile calls the container."""
    coding: str | None = None
    """What it calls the coding; None for the container's usual one."""
    sample_rates: tuple[int, ...] = ()
    """The sample rates that it can have, in Hz; empty for any."""


FORMATS: Final[Mapping[str, SoundFormat]] = {
    "wav": SoundFormat("audio/wav", "WAV"),
    "mp3": SoundFormat(
        "audio/mpeg", "MP3", "MPEG_LAYER_III", (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
    ),
    "flac": SoundFormat("audio/flac", "FLAC"),
    "opus": SoundFormat("audio/ogg", "OGG", "OPUS", (8_000, 12_000, 16_000, 24_000, 48_000)),
}
"""The formats that can be made, by OpenAI's names."""


def check_format(name: str) -> None:
    """Refuses a format that cannot be made.

    Raises:
        InvalidArgumentError: It cannot.
    """
    if name not in FORMATS:
        formats = ", ".join(FORMATS)
        raise unsupported("response_format", f"response_format: {name!r} cannot be made here; it can be: {formats}.")


def encoded(content: bytes, name: str) -> bytes:
    """Returns a sound file in a format; its sample rate stays.

    Raises:
        InvalidArgumentError: The format has no such sample rate.
        InternalError: The content is no sound file.
    """
    import soundfile

    sound_format = FORMATS[name]
    try:
        samples, rate = soundfile.read(io.BytesIO(content), dtype="int16")
        if sound_format.sample_rates and rate not in sound_format.sample_rates:
            fit = ", ".join(other for other, one in FORMATS.items() if not one.sample_rates or rate in one.sample_rates)
            message = f"response_format: {name} cannot have {rate} Hz, the sample rate of this model; use {fit}."
            raise unsupported("response_format", message)
        written = io.BytesIO()
        soundfile.write(written, samples, rate, format=sound_format.container, subtype=sound_format.coding)
    except soundfile.SoundFileError as error:
        raise Reason.EXPERT_FAILED.error(f"The sound of the expert cannot be written as {name}.") from error
    return written.getvalue()


def duration_s(file: BinaryIO) -> float | None:
    """Returns how long a sound file is, in seconds, by its header; None where libsndfile cannot read it."""
    import soundfile

    file.seek(0)
    try:
        described = soundfile.info(file)
    except (soundfile.SoundFileError, TypeError):
        return None
    finally:
        file.seek(0)
    return float(described.frames / described.samplerate) if described.samplerate else None
