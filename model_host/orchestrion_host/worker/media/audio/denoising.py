"""Stationary noise reduction: the noise is learned from the audio itself and taken out frequency by frequency.

The gains are those of a Wiener filter with the decision-directed estimate of Ephraim and Malah (1984), which leaves
few of the short tones that plain spectral gates leave behind.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from orchestrion_host.worker.library_types import Array
from orchestrion_host.worker.media.audio.audio_inputs import Samples

Noise: TypeAlias = npt.NDArray[np.float32]
"""The mean power of the noise, of shape (frequencies, channels)."""

_WINDOW_SECONDS: Final = 0.04
_OVERLAP: Final = 4
_MOST_SPECTRA: Final = 1_000
_FEWEST_SPECTRA: Final = 12
# The power of noise has an exponential distribution; a tenth of it lies below this part of its mean.
_QUIET_SHARE: Final = 0.1
_QUIET_PART_OF_MEAN: Final = -math.log(1 - _QUIET_SHARE)
# Silence made by a program, and not recorded: -100 dB.
_SILENCE: Final = 1e-10
_PAUSE_DB: Final = 6.0
_NEIGHBOURS: Final = 31
_MEMORY: Final = 0.98
_LEAST_GAIN: Final = 0.03


def learned(blocks: Iterable[Samples], rate: int, channels: int) -> Noise | None:
    """Finds out what noise goes on through a sound.

    It is what is left, at each frequency, in the quietest tenth of the time. A sound without pauses has its own steady
    tones there, too: then peaks over the neighbouring frequencies are not counted as noise.

    Args:
        blocks: The sound.
        rate: Its frames a second.
        channels: How many channels it has.

    Returns:
        The noise; None where the sound is shorter than about a quarter of a second, too short to tell noise from sound.
    """
    size = _window_size(rate)
    window = np.hanning(size + 1)[:-1, None].astype(np.float32)
    spectra: list[npt.NDArray[np.float32]] = []
    waiting = np.zeros((0, channels), dtype=np.float32)
    stride, number = 1, 0
    for block in blocks:
        waiting = np.concatenate([waiting, block])
        while len(waiting) >= size:
            frame, waiting = waiting[:size], waiting[size // 2 :]
            number += 1
            # Frames spread evenly over a sound of any length: whenever there are too many, every second one goes.
            if number % stride == 0 and float(np.mean(frame**2)) > _SILENCE:
                spectra.append(np.abs(np.fft.rfft(frame * window, axis=0)).astype(np.float32) ** 2)
            if len(spectra) > _MOST_SPECTRA:
                spectra, stride = spectra[1::2], stride * 2
    if len(spectra) < _FEWEST_SPECTRA:
        return None
    powers = np.stack(spectra)
    noise: Noise = (np.quantile(powers, _QUIET_SHARE, axis=0) / _QUIET_PART_OF_MEAN).astype(np.float32)
    return noise if _has_pauses(powers) else np.minimum(noise, _smooth(noise))


def denoised(blocks: Iterable[Samples], rate: int, noise: Noise, amount: float) -> Iterator[Samples]:
    """Takes noise out of a sound.

    Args:
        blocks: The sound.
        rate: Its frames a second.
        noise: What `learned` found in it.
        amount: How much of the noise goes, from 0 to 1.

    Yields:
        The sound, as long as before.
    """
    size = _window_size(rate)
    hop = size // _OVERLAP
    # Hann before and after: their product adds up to 1.5 at four frames a window.
    window = np.hanning(size + 1)[:-1, None].astype(np.float32)
    channels = noise.shape[1]
    power = np.maximum(noise, np.float32(1e-20))
    earlier = np.zeros_like(power)
    # The first window ends with the first samples, so that all samples lie under as many windows.
    waiting = np.zeros((size - hop, channels), dtype=np.float32)
    sums = np.zeros((size, channels), dtype=np.float32)
    late = size - hop
    frames = sent = 0
    # None stands for the end, at which silence pushes out what is still inside.
    for block in itertools.chain(blocks, [None]):
        frames += 0 if block is None else len(block)
        waiting = np.concatenate([waiting, np.zeros((size - 1, channels), np.float32) if block is None else block])
        count = max(0, (len(waiting) - size) // hop + 1)
        made = np.empty((count * hop, channels), dtype=np.float32)
        for number in range(count):
            spectrum = np.fft.rfft(waiting[number * hop : number * hop + size] * window, axis=0)
            ratio = np.abs(spectrum).astype(np.float32) ** 2 / power
            prior = _MEMORY * earlier + (1 - _MEMORY) * np.maximum(ratio - 1, 0)
            gain = np.maximum(prior / (1 + prior), _LEAST_GAIN)
            earlier = gain**2 * ratio
            cleaned = np.fft.irfft(spectrum * (1 - amount * (1 - gain)), size, axis=0)
            sums += (cleaned * window / (_OVERLAP * 0.375)).astype(np.float32)
            made[number * hop : (number + 1) * hop] = sums[:hop]
            sums[:-hop] = sums[hop:]
            sums[-hop:] = 0
        waiting = waiting[count * hop :]
        kept = made[late:]
        late -= len(made) - len(kept)
        kept = kept[: frames - sent]
        sent += len(kept)
        yield kept


def _window_size(rate: int) -> int:
    return 1 << round(math.log2(rate * _WINDOW_SECONDS))


def _has_pauses(powers: Array) -> bool:
    """Tells whether the quiet tenth of the frames is clearly quieter than the loud one."""
    quiet, loud = np.quantile(powers.sum(axis=(1, 2)), [0.1, 0.9])
    return bool(10 * np.log10(loud / max(quiet, 1e-20)) > _PAUSE_DB)


def _smooth(noise: Noise) -> Noise:
    half = _NEIGHBOURS // 2
    padded = np.pad(noise, ((half, half), (0, 0)), mode="reflect")
    smooth: Noise = np.median(np.lib.stride_tricks.sliding_window_view(padded, _NEIGHBOURS, axis=0), axis=-1)
    return smooth
