"""The engine `sound-tools`: reduces noise in audio and changes its pitch, speed and gain, as 16-bit WAV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from orchestrion_host import ipc
from orchestrion_host.worker.call import Call
from orchestrion_host.worker.media.audio import audio_inputs, denoising, limiting, stretching, wav
from orchestrion_host.worker.media.audio.audio_inputs import Samples
from orchestrion_host.worker.runtimes import Outputs, Result, one_by_one

# Listening for the noise takes about a quarter of the time that changing takes.
_LISTENING: Final = 0.2


@dataclass(frozen=True, slots=True)
class AudioChanges:
    """What is asked for, in the units of the inputs."""

    noise_reduction: float
    pitch_semitones: float
    speed: float
    gain_db: float

    @classmethod
    def of(cls, call: Call) -> AudioChanges:
        """Reads them; where nothing at all is asked for, all noise goes."""
        requested = {"pitch_semitones", "speed", "gain_db", "noise_reduction"}.intersection(call.inputs)
        return cls(
            call.number("noise_reduction", 0.0 if requested else 1.0),
            call.number("pitch_semitones", 0.0),
            call.number("speed", 1.0),
            call.number("gain_db", 0.0),
        )

    def file_name(self, old: str) -> str:
        """Names the new file after the old one and by what was done."""
        done = [
            (self.noise_reduction > 0, "cleaned"),
            (self.pitch_semitones > 0, "higher"),
            (self.pitch_semitones < 0, "deeper"),
            (self.speed > 1, "faster"),
            (self.speed < 1, "slower"),
            (self.gain_db > 0, "louder"),
            (self.gain_db < 0, "quieter"),
        ]
        words = [word for is_done, word in done if is_done]
        return f"{Path(old).stem or 'sound'}-{'-'.join(words) or 'unchanged'}.wav"


class AudioTools:
    """Holds nothing: a sound passes through in blocks."""

    def __init__(self, max_audio_seconds: float) -> None:
        """Keeps the limit.

        Args:
            max_audio_seconds: The longest sound that is decoded.
        """
        self._max_audio_seconds = max_audio_seconds

    def warm_up(self) -> None:
        """Changes a short tone in every way, which loads what the libraries load late."""
        tone = np.sin(np.arange(16_000, dtype=np.float32) / 6)[:, None]
        noise = denoising.learned([tone], 16_000, 1)
        for _ in _changed(iter([tone]), 16_000, AudioChanges(1.0, 3.0, 2.0, 6.0), noise):
            pass

    def predict(self, batch: Sequence[Call]) -> Sequence[Result]:
        """Changes each sound."""
        return one_by_one(batch, self._compute)

    def parameter_bytes(self) -> int:
        """Returns 0: there are no weights."""
        return 0

    def unload(self) -> None:
        """Does nothing."""

    def _compute(self, call: Call) -> Outputs:
        if "bandwidth_kbps" in call.inputs:
            raise call.bad_input("bandwidth_kbps", "is for neural codecs, and this expert is none. Leave it out.")
        changes = AudioChanges.of(call)
        noise = self._noise(call) if changes.noise_reduction else None
        with audio_inputs.opened(call, "audio", self._max_audio_seconds) as sound:
            begin = _LISTENING if changes.noise_reduction else 0.0
            blocks = _changed(sound.blocks("changing", begin), sound.rate, changes, noise)
            header = wav.header(sound.rate, sound.channels)
            media = ipc.media_of(call.inputs["audio"])
            file_name = changes.file_name(media.file_name if media else "")
            return {"audio": call.spool.write(_bytes(call, blocks), "audio/wav", file_name, header=header)}

    def _noise(self, call: Call) -> denoising.Noise | None:
        with audio_inputs.opened(call, "audio", self._max_audio_seconds) as sound:
            return denoising.learned(sound.blocks("listening", 0.0, _LISTENING), sound.rate, sound.channels)


def load(spec: ipc.Load) -> AudioTools:
    """Returns the expert; nothing is loaded."""
    return AudioTools(spec.max_audio_seconds)


def _changed(
    blocks: Iterator[Samples], rate: int, changes: AudioChanges, noise: denoising.Noise | None
) -> Iterator[Samples]:
    """Puts the changes into a row: noise first, while it is as it was recorded; loudness last, over all peaks."""
    if noise is not None:
        blocks = denoising.denoised(blocks, rate, noise, changes.noise_reduction)
    if changes.speed != 1 or changes.pitch_semitones:
        blocks = stretching.stretched(blocks, rate, changes.speed, changes.pitch_semitones)
    return limiting.amplified(blocks, rate, changes.gain_db)


def _bytes(call: Call, blocks: Iterator[Samples]) -> Iterator[bytes]:
    size = 0
    for block in blocks:
        piece = wav.sixteen_bits(block)
        size += len(piece)
        if size > wav.MAX_BYTES:
            raise call.bad_input("audio", "becomes too large: a WAV file holds at most 4 GiB. Send it in parts.")
        yield piece
