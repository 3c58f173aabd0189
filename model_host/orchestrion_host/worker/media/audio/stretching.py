"""Speed and pitch, each without the other, by Signalsmith Stretch (Luff, 2022) through `python_stretch`.

Each call of the binding fades in and out as if its samples were a whole sound. So a sound goes through in long pieces
that overlap, and each is joined to the one before where the two waves fit best (as in SOLA, Roucos and Wilgus, 1985).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
from python_stretch.Signalsmith import Stretch

from orchestrion_host.worker.media.audio.audio_inputs import Samples

# The library spreads phases at random where it slows down; the same sound is to give the same result.
_SEED: Final = 1
_LONGEST_PIECE_SECONDS: Final = 20
# Bounds the memory of many channels at high rates.
_MOST_SAMPLES: Final = 1 << 23
# What a piece has on either side, where the library fades, in seconds of the new sound and of the old one at least.
_MARGIN_SECONDS: Final = 0.25
_FADE_SECONDS: Final = 0.02
# How far pieces are moved to fit: a period of the deepest voice.
_SEARCH_SECONDS: Final = 0.015


def stretched(blocks: Iterable[Samples], rate: int, speed: float, semitones: float) -> Iterator[Samples]:
    """Changes how fast and how high a sound is.

    Args:
        blocks: The sound.
        rate: Its frames a second.
        speed: How much faster it becomes, as a factor.
        semitones: How much higher it becomes; below 0 deeper.

    Yields:
        The new sound, which lasts as long as the old one divided by the speed, to the frame.
    """
    margin = round(_MARGIN_SECONDS * max(1.0, speed) * rate)
    step, frames, sent, number = 0, 0, 0, 0
    waiting: Samples | None = None
    # The end of the piece before, which the next one is faded into.
    tail: Samples | None = None
    # None stands for the end.
    for block in itertools.chain(blocks, [None]):
        if waiting is None:
            if block is None:
                return
            step = _piece_frames(rate, block.shape[1], speed)
            waiting = _silence(margin, block)
        if block is not None:
            frames += len(block)
            waiting = np.concatenate([waiting, block])
        else:
            waiting = np.concatenate([waiting, _silence(step + 2 * margin, waiting)])
        wanted = max(1, round(frames / speed))
        while len(waiting) >= step + 2 * margin and (block is not None or sent < wanted):
            made = _process(waiting[: step + 2 * margin], rate, speed, semitones)
            waiting = waiting[step:]
            number += 1
            length = round(number * step / speed) - sent
            if block is None:
                length = min(length, wanted - sent)
            piece, tail = _joined(tail, made, round(margin / speed), length, rate)
            sent += length
            yield piece


def _piece_frames(rate: int, channels: int, speed: float) -> int:
    bounded = round(_MOST_SAMPLES * min(1.0, speed)) // channels
    return max(rate, min(_LONGEST_PIECE_SECONDS * rate, bounded))


def _joined(tail: Samples | None, made: Samples, start: int, length: int, rate: int) -> tuple[Samples, Samples]:
    """Takes a piece out of what was made, faded in from the tail of the piece before; returns it and its own tail."""
    fade = round(_FADE_SECONDS * rate)
    if tail is not None:
        search = round(_SEARCH_SECONDS * rate)
        start += _best_place(tail, made[start - search : start + search + fade]) - search
        rising = np.linspace(0, 1, fade, dtype=np.float32)[:, None]
        made = made.copy()
        made[start : start + fade] = tail * (1 - rising) + made[start : start + fade] * rising
    return made[start : start + length], made[start + length : start + length + fade]


def _best_place(tail: Samples, surroundings: Samples) -> int:
    """Returns where in the surroundings the tail fits best, by the normalised correlation of the averaged channels."""
    wave, around = tail.mean(axis=1), surroundings.mean(axis=1)
    products = np.correlate(around, wave, mode="valid")
    energies = np.convolve(around**2, np.ones(len(wave)), mode="valid")
    return int(np.argmax(products / np.sqrt(energies + 1e-9)))


def _process(samples: Samples, rate: int, speed: float, semitones: float) -> Samples:
    stretch = Stretch(_SEED)
    stretch.preset(samples.shape[1], rate)
    stretch.setTimeFactor(speed)
    stretch.setTransposeSemitones(semitones)
    # The library wants channels first, each in one piece of memory.
    made: Samples = np.asarray(stretch.process(np.ascontiguousarray(samples.T)))
    return made.T


def _silence(frames: int, like: Samples) -> Samples:
    return np.zeros((frames, like.shape[1]), dtype=np.float32)
