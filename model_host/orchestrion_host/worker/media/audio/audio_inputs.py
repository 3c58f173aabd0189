"""Audio inputs: checked by their header, decoded in blocks, and bounded in length.

libsndfile decodes them, through `soundfile`: WAV (8 to 32 bits, float, telephone codes), FLAC, OGG with Vorbis or Opus,
MP3, AIFF, AU, CAF and their relatives. No other program is needed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import soundfile

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.media.audio import audio_files, levels, streamed_waves

Samples: TypeAlias = npt.NDArray[np.float32]
"""Samples of shape (frames, channels), from -1 to 1 as a rule; a frame is one sample of each channel."""

_RATES: Final = range(4_000, 384_001)
_MAX_CHANNELS: Final = 32
_BLOCK_SECONDS: Final = 0.5


class AudioReader:
    """An open sound, read once from beginning to end."""

    def __init__(self, call: Call, name: str, file: soundfile.SoundFile, path: Path, max_seconds: float) -> None:
        """Checks the header; `opened` makes readers.

        Args:
            call: The call that brings the sound.
            name: The name of the input.
            file: The open `soundfile.SoundFile`.
            path: Where it is.
            max_seconds: The longest that is read.

        Raises:
            InvalidArgumentError: The sound is too long, cut off, or of a rate or with channels that no sound has.
        """
        self._call = call
        self._name = name
        self._file = file
        self._max_seconds = max_seconds
        self.rate = int(file.samplerate)
        """Frames a second."""
        self.channels = int(file.channels)
        """How many channels it has."""
        self.frames = audio_files.frames_by_header(path, file.format, int(file.frames))
        """How many frames it has by its header; 0 where the header does not tell."""
        self.frames_read = 0
        """How many frames were read so far."""
        if self.rate not in _RATES:
            raise call.bad_input(
                name,
                f"has a rate of {self.rate:,} Hz; this host takes {_RATES[0]:,} to {_RATES[-1]:,}.",
                rate=self.rate,
            )
        if self.channels > _MAX_CHANNELS:
            raise call.bad_input(name, f"has {self.channels} channels; this host takes at most {_MAX_CHANNELS}.")
        self._check_length(self.frames)
        if audio_files.is_cut_off(path, file.extra_info):
            raise self._cut_off()
        self._gain = self._full_scale_gain()

    def blocks(self, message: str = "", begin: float = 0.0, end: float = 1.0) -> Iterator[Samples]:
        """Reads it in blocks of half a second; what is no number becomes silence.

        Levels are those of the file, with 1 as full scale. A file of floats in other units, such as the steps of 16
        bits, is brought to it, and so is one of more than 16 bits that is too faint to be heard.

        Args:
            message: Told as the progress of the call, at each hundredth; nothing is told when empty.
            begin: The progress at the beginning of the sound.
            end: The progress at its end.

        Raises:
            InvalidArgumentError: It is damaged, cut off, without samples, or longer than its header says and allowed.
            RunCancelledError: The call was cancelled.
        """
        reported = -1
        while len(block := self._next()):
            self.frames_read += len(block)
            self._check_length(self.frames_read)
            np.nan_to_num(block, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
            if self._gain != 1:
                block *= np.float32(self._gain)
            yield np.clip(block, -levels.LOUDEST, levels.LOUDEST, out=block)
            percent = int(100 * self.frames_read / self.frames) if self.frames else reported
            if message and percent > reported:
                reported = percent
                self._call.progress(message, begin + (end - begin) * min(percent / 100, 1.0))
        if not self.frames_read:
            raise self._call.bad_input(self._name, "has no samples: there is nothing to hear in it.")
        # Formats that lose something at the ends lose less than this.
        if self.frames_read < self.frames - self.rate // 10:
            raise self._cut_off()

    def _full_scale_gain(self) -> float:
        try:
            return levels.gain_of(self._file)
        except (soundfile.SoundFileError, OSError) as error:
            raise self._cut_off() from error

    def _next(self) -> Samples:
        self._call.raise_if_cancelled()
        try:
            block: Samples = self._file.read(int(_BLOCK_SECONDS * self.rate), dtype="float32", always_2d=True)
        except (soundfile.SoundFileError, OSError) as error:
            raise self._cut_off() from error
        return block

    def _check_length(self, frames: int) -> None:
        seconds = frames / self.rate
        if seconds > self._max_seconds:
            raise self._call.bad_input(
                self._name,
                f"lasts {seconds:,.0f} seconds or more; this host takes at most {self._max_seconds:,.0f} "
                "(its setting max_audio_seconds).",
                seconds=round(seconds),
                limit_seconds=round(self._max_seconds),
            )

    def _cut_off(self) -> Exception:
        return self._call.bad_input(
            self._name,
            "cannot be read as a sound to its end: the file is damaged or cut off. Send the whole file again.",
        )


@contextlib.contextmanager
def opened(call: Call, name: str, max_seconds: float) -> Iterator[AudioReader]:
    """Opens a sound input.

    Args:
        call: The call that brings it.
        name: The name of the input.
        max_seconds: The longest sound that is read.

    Raises:
        InvalidArgumentError: It is no sound that can be read, or too long.
    """
    path = call.file(name)
    with contextlib.ExitStack() as files:
        try:
            streamed = streamed_waves.opened(path)
            file = files.enter_context(soundfile.SoundFile(files.enter_context(streamed) if streamed else path))
        except (soundfile.SoundFileError, OSError) as error:
            raise call.bad_input(name, audio_files.problem_of(path)) from error
        # soundfile seeks to where it is after each read, and an MP3 decoder loses there what earlier frames kept for
        # it.
        file.seekable = lambda: False
        yield AudioReader(call, name, file, path, max_seconds)
