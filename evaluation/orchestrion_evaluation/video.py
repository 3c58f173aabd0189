"""A video of one frame: an MP4 file (ISO/IEC 14496-12) around a JPEG picture."""

from __future__ import annotations

import struct
from typing import Final

_SIZE: Final = 8
"""Width and height of the picture in pixels."""
_MATRIX: Final = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
"""No rotation."""


def mp4_of_jpeg(picture: bytes, title: str) -> bytes:
    """Writes a video that shows a picture of 8 x 8 pixels for one second.

    Args:
        picture: A JPEG file.
        title: Stands in a box that players skip.
    """
    kind = _box(b"ftyp", b"isom" + struct.pack(">I", 0x200) + b"isomiso2mp41")
    note = _box(b"free", title.encode())
    before = len(kind) + len(note) + 8
    return kind + note + _box(b"mdat", picture) + _movie(before, len(picture))


def _movie(offset: int, size: int) -> bytes:
    entry = bytes(6) + struct.pack(">H", 1) + bytes(16) + struct.pack(">HHIIIH", _SIZE, _SIZE, 72 << 16, 72 << 16, 0, 1)
    entry += bytes(32) + struct.pack(">Hh", 24, -1)
    samples = _box(
        b"stbl",
        _full(b"stsd", struct.pack(">I", 1) + _box(b"jpeg", entry)),
        _full(b"stts", struct.pack(">III", 1, 1, 1000)),
        _full(b"stsc", struct.pack(">IIII", 1, 1, 1, 1)),
        _full(b"stsz", struct.pack(">III", 0, 1, size)),
        _full(b"stco", struct.pack(">II", 1, offset)),
    )
    reference = _box(b"dinf", _full(b"dref", struct.pack(">I", 1) + _full(b"url ", b"", flags=1)))
    handler = _full(b"hdlr", struct.pack(">I4s12x", 0, b"vide") + b"video\0")
    header = _full(b"mdhd", struct.pack(">IIIIHH", 0, 0, 1000, 1000, 0x55C4, 0))
    part = _box(b"mdia", header, handler, _box(b"minf", _full(b"vmhd", bytes(8), flags=1), reference, samples))
    track = struct.pack(">IIIII8xhhhH", 0, 0, 1, 0, 1000, 0, 0, 0, 0) + _MATRIX
    track += struct.pack(">II", _SIZE << 16, _SIZE << 16)
    movie = struct.pack(">IIIIIH10x", 0, 0, 1000, 1000, 0x10000, 0x100) + _MATRIX + bytes(24) + struct.pack(">I", 2)
    return _box(b"moov", _full(b"mvhd", movie), _box(b"trak", _full(b"tkhd", track, flags=3), part))


def _box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I", len(content) + 8) + kind + content


def _full(kind: bytes, content: bytes, *, flags: int = 0) -> bytes:
    return _box(kind, struct.pack(">I", flags), content)
