"""Gain, and a look-ahead limiter that turns peaks down before they come, so that nothing clips."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

from orchestrion_host.worker.library_types import Array
from orchestrion_host.worker.media.audio.audio_inputs import Samples

_CEILING: Final = 32_767 / 32_768
_SEGMENTS_A_SECOND: Final = 1_000
# How long before and after a peak the sound is turned down, in segments of a millisecond: long enough that the
# turning is not heard as a buzz of its own.
_HOLD: Final = 40
_GLIDE: Final = 20
_LOOK_AHEAD: Final = _HOLD + _GLIDE


def amplified(blocks: Iterable[Samples], rate: int, gain_db: float) -> Iterator[Samples]:
    """Makes a sound louder or quieter; where it would go beyond 1, it is turned down smoothly around that place.

    All channels are turned down together, so that a sound stays where it is between left and right.

    Args:
        blocks: The sound.
        rate: Its frames a second.
        gain_db: How much louder it becomes, in decibels.

    Yields:
        The new sound, as long as the old one and nowhere beyond 1.
    """
    gain = np.float32(10 ** (gain_db / 20))
    size = max(1, rate // _SEGMENTS_A_SECOND)
    # The largest factors that each segment bears: first those of the silence before the sound, then those of `waiting`.
    bearable = np.ones(_LOOK_AHEAD, dtype=np.float32)
    waiting: Samples | None = None
    for block in blocks:
        louder = block * gain
        waiting = louder if waiting is None else np.concatenate([waiting, louder])
        segments = len(waiting) // size
        bearable = _extended(bearable, waiting[: segments * size], size)
        ready = segments - _LOOK_AHEAD
        if ready > 0:
            yield _turned_down(waiting[: ready * size], bearable, size)
            waiting, bearable = waiting[ready * size :], bearable[ready:]
    if waiting is not None and len(waiting):
        frames = len(waiting)
        segments = -(-frames // size)
        padded = np.zeros(((segments + _LOOK_AHEAD) * size, waiting.shape[1]), dtype=np.float32)
        padded[:frames] = waiting
        bearable = _extended(bearable, padded, size)
        yield _turned_down(padded[: segments * size], bearable, size)[:frames]


def _extended(bearable: Array, waiting: Samples, size: int) -> Array:
    """Adds the factors of those segments of `waiting` that have none yet."""
    settled = len(bearable) - _LOOK_AHEAD
    peaks = np.abs(waiting[settled * size :]).reshape(-1, size * waiting.shape[1]).max(axis=1, initial=_CEILING)
    return np.concatenate([bearable, (_CEILING / peaks).astype(np.float32)])


def _turned_down(samples: Samples, bearable: Array, size: int) -> Samples:
    """Multiplies segments with factors that glide, from edge to edge, below what every segment around bears.

    The least factor of the surroundings, then the average of `2 * _GLIDE + 1` such: each of these has the segment in
    its surroundings, since the glide is shorter than the hold, so the average is no larger than the segment bears.
    """
    segments = len(samples) // size
    if bearable.min() >= 1:
        return samples
    least = np.lib.stride_tricks.sliding_window_view(bearable, 2 * _HOLD).min(axis=1)
    edges = np.convolve(least, np.full(2 * _GLIDE + 1, 1 / (2 * _GLIDE + 1)), mode="valid")[: segments + 1]
    ramp = np.arange(size) / size
    factors = edges[:-1, None] + (edges[1:] - edges[:-1])[:, None] * ramp
    turned: Samples = samples * factors.reshape(-1, 1).astype(np.float32)
    return turned
