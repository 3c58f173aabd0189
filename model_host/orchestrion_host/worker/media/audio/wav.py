"""WAV files of 16 bits: their header, and samples as their bytes."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

MAX_BYTES: Final = (1 << 32) - 1024
"""The most bytes of samples that a WAV file holds: its sizes have 32 bits."""

_BYTES_PER_SAMPLE: Final = 2
_STEPS: Final = 32_768


def header(rate: int, channels: int = 1) -> Callable[[int], bytes]:
    """Returns what writes the header, once the size is known.

    Args:
        rate: Frames a second.
        channels: How many samples a frame has.

    Returns:
        A function of the bytes of all samples together; all of its headers are of one length.
    """

    def of_size(size_bytes: int) -> bytes:
        frame = _BYTES_PER_SAMPLE * channels
        form = struct.pack("<IHHIIHH", 16, 1, channels, rate, rate * frame, frame, 8 * _BYTES_PER_SAMPLE)
        return b"".join(
            (
                b"RIFF" + struct.pack("<I", 36 + size_bytes) + b"WAVE",
                b"fmt " + form,
                b"data" + struct.pack("<I", size_bytes),
            )
        )

    return of_size


def sixteen_bits(samples: npt.NDArray[np.float32]) -> bytes:
    """Returns samples from -1 to 1 as signed 16-bit little-endian ones; louder ones become the loudest there is."""
    steps = np.rint(samples * _STEPS)
    integers: npt.NDArray[np.int16] = np.clip(steps, -_STEPS, _STEPS - 1).astype("<i2")
    return integers.tobytes()
