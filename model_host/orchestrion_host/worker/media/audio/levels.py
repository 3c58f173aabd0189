"""How loud the samples of a file are: what full scale is, where the format does not say it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import soundfile

from orchestrion_host.worker.library_types import Array

LOUDEST: Final = 8.0
"""Files of floats may go beyond 1, as sums do that were never limited; by more than this, 1 is not their full scale."""

_FLOATS: Final = ("FLOAT", "DOUBLE")
_FINE: Final = (*_FLOATS, "PCM_24", "PCM_32")
# Programs that turn samples into floats without dividing leave them in the steps of what they were.
_FULL_SCALES: Final = (128.0, 32_768.0, 8_388_608.0, 2_147_483_648.0)
# Below this, a sound has fewer than 6 of the 16 bits that we write, and models take it for silence.
_FAINTEST: Final = 1e-3
_FAINT_BECOMES: Final = 0.5
# A click of a few samples is a fault of the recording and no measure of it.
_CLICK_SECONDS: Final = 0.01
_BLOCK_FRAMES: Final = 1 << 16


def gain_of(file: soundfile.SoundFile) -> float:
    """Returns the factor that brings the samples of a file to where 1 is full scale; 1 where they are there.

    It reads files of floats, and of more than 16 bits, once from beginning to end, and goes back.

    Args:
        file: At its beginning.
    """
    if file.subtype not in _FINE:
        return 1.0
    peak, beyond, beyond_peak = 0.0, 0, 0.0
    for block in _blocks(file):
        loud = block[block > LOUDEST]
        beyond += len(loud)
        beyond_peak = max(beyond_peak, float(loud.max(initial=0.0)))
        peak = max(peak, float(block.max(initial=0.0)))
    file.seek(0)
    if file.subtype in _FLOATS and beyond > _CLICK_SECONDS * file.samplerate * file.channels:
        return 1.0 / next((scale for scale in _FULL_SCALES if beyond_peak <= scale), beyond_peak)
    return _FAINT_BECOMES / peak if 0 < peak < _FAINTEST else 1.0


def _blocks(file: soundfile.SoundFile) -> Iterator[Array]:
    """Reads the sizes of samples, without those that are no numbers."""
    while len(block := file.read(_BLOCK_FRAMES, dtype="float64", always_2d=True)):
        sizes = np.abs(block)
        yield sizes[np.isfinite(sizes)]
