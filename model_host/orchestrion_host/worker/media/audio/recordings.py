"""Recordings read in windows: at the rate of a model, and no more of them in memory than is heard at once."""

from __future__ import annotations

import contextlib
from typing import Final

import numpy as np

from orchestrion_host.worker.call import Call
from orchestrion_host.worker.media.audio import audio_inputs, resampling
from orchestrion_host.worker.media.audio.mixing import Mono

# A pause is looked for in this last part of a window, by the loudness of stretches of this length.
_PAUSE_SHARE: Final = 1 / 3
_PAUSE_SECONDS: Final = 0.1


class Recording:
    """A sound input as one channel; windows of it may overlap. To be closed."""

    def __init__(self, call: Call, name: str, max_seconds: float, rate: int) -> None:
        """Opens it.

        Args:
            call: The call that brings it.
            name: The name of the input.
            max_seconds: The longest sound that is read.
            rate: The rate in Hz that is wanted.

        Raises:
            InvalidArgumentError: It is no sound that can be read, or too long.
        """
        self.rate = rate
        self.place = 0
        """How many samples are behind."""
        self._files = contextlib.ExitStack()
        sound = self._files.enter_context(audio_inputs.opened(call, name, max_seconds))
        self._samples = sound.frames * rate / sound.rate
        self._pieces = resampling.mono(sound.blocks(), sound.rate, rate)
        self._waiting: Mono = np.zeros(0, dtype=np.float32)
        self._ended = False

    def window(self, samples: int) -> tuple[Mono, bool]:
        """Returns what comes next, at most so many samples, and whether the recording ends there.

        Raises:
            InvalidArgumentError: The file is damaged.
            RunCancelledError: Nobody waits for it any more.
        """
        pieces = [self._waiting]
        count = len(self._waiting)
        # One more than wanted tells that it goes on.
        while not self._ended and count <= samples:
            piece = next(self._pieces, None)
            if piece is None:
                self._ended = True
            else:
                pieces.append(piece)
                count += len(piece)
        self._waiting = np.concatenate(pieces)
        return self._waiting[:samples], self._ended and count <= samples

    def advance(self, samples: int) -> None:
        """Leaves so many samples behind."""
        self._waiting = self._waiting[samples:]
        self.place += samples

    @property
    def fraction(self) -> float | None:
        """How much is behind, 0 to 1; None where the file does not tell its length."""
        return self.fraction_at(0)

    def fraction_at(self, seconds: float) -> float | None:
        """How much is behind so many seconds further on, 0 to 1; None where the file does not tell its length."""
        return min((self.place + seconds * self.rate) / self._samples, 1.0) if self._samples else None

    def close(self) -> None:
        """Closes the file."""
        self._files.close()


def until_pause(samples: Mono, rate: int) -> Mono:
    """Cuts a window in the quietest moment of its last third, so that no word is cut into two."""
    size = max(1, round(_PAUSE_SECONDS * rate))
    start = round(len(samples) * (1 - _PAUSE_SHARE))
    stretches = samples[start : start + (len(samples) - start) // size * size].reshape(-1, size)
    if not len(stretches):
        return samples
    quietest = int(np.argmin((stretches**2).mean(axis=1)))
    return samples[: start + quietest * size + size // 2]
