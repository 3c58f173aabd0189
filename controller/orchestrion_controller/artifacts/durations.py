"""The duration of audio from the first bytes of its file: the headers of WAV and FLAC have it. Pure."""

from __future__ import annotations

import struct


def duration_ms(head: bytes, size_bytes: int) -> int:
    """Reads the duration of audio.

    Args:
        head: The first bytes of the file; some kilobytes are enough.
        size_bytes: The size of the whole file.

    Returns:
        Milliseconds; 0 where the header does not have it.
    """
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return _of_wav(head, size_bytes)
    if head[:4] == b"fLaC":
        return _of_flac(head)
    return 0


def _of_wav(head: bytes, size_bytes: int) -> int:
    position, bytes_per_s = 12, 0
    while position + 8 <= len(head):
        kind, length = struct.unpack_from("<4sI", head, position)
        position += 8
        if kind == b"fmt " and position + 12 <= len(head):
            (bytes_per_s,) = struct.unpack_from("<I", head, position + 8)
        elif kind == b"data":
            # A streamed file has no length there, or one that is too large.
            length = min(length or size_bytes, size_bytes - position)
            return length * 1000 // bytes_per_s if bytes_per_s and length > 0 else 0
        position += length + length % 2
    return 0


def _of_flac(head: bytes) -> int:
    if len(head) < 26:
        return 0
    # STREAMINFO comes first: 20 bits of rate, 3 of channels, 5 of depth and 36 of samples, from the 10th byte on.
    (packed,) = struct.unpack_from(">Q", head, 18)
    rate, samples = packed >> 44, packed & 0xF_FFFF_FFFF
    return samples * 1000 // rate if rate else 0
