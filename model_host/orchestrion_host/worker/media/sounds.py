"""Sounds: mono 16-bit WAV files from samples."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator


def wav(samples: Iterable[bytes], sample_rate: int, size_bytes: int) -> Iterator[bytes]:
    """Yields a mono WAV file, header first.

    Args:
        samples: Signed 16-bit little-endian samples, in pieces.
        sample_rate: Samples a second.
        size_bytes: The bytes of all pieces together.
    """
    yield b"RIFF" + struct.pack("<I", 36 + size_bytes) + b"WAVE"
    yield b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, sample_rate, 2 * sample_rate, 2, 16)
    yield b"data" + struct.pack("<I", size_bytes)
    yield from samples
