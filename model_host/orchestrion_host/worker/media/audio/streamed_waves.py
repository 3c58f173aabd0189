"""WAV files of programs that wrote to a pipe and left the sizes in the header at zero: read to where they end."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Final

_CHUNK: Final = struct.Struct("<4sI")
_RIFF_BYTES: Final = 12
_MOST_CHUNKS: Final = 64
# What other programs write there; readers take it for "to the end".
_TO_THE_END: Final = struct.pack("<I", 0xFFFF_FFFF)


def opened(path: Path) -> io.BufferedReader | None:
    """Opens such a file as one whose header says that it goes to its end; returns None where it is no such file.

    One without samples whose header is right is none: there is nothing behind the chunk of samples that the header of
    the whole does not count.
    """
    with path.open("rb") as file:
        head = file.read(_RIFF_BYTES)
        if len(head) < _RIFF_BYTES or head[:4] != b"RIFF" or head[8:] != b"WAVE":
            return None
        end = 8 + int.from_bytes(head[4:8], "little")
        for _ in range(_MOST_CHUNKS):
            place = file.tell()
            chunk = file.read(_CHUNK.size)
            if len(chunk) < _CHUNK.size:
                return None
            name, size = _CHUNK.unpack(chunk)
            if name == b"data":
                samples = place + _CHUNK.size
                if size or end > samples or not file.read(1):
                    return None
                return io.BufferedReader(_Overlaid(path, place + 4, _TO_THE_END))
            file.seek(size + size % 2, io.SEEK_CUR)
    return None


class _Overlaid(io.FileIO):
    """A file of which some bytes are read as others."""

    def __init__(self, path: Path, place: int, content: bytes) -> None:
        super().__init__(path, "rb")
        self._place = place
        self._content = content

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]  # Of a blocking file.
        start = self.tell()
        count = super().readinto(buffer) or 0
        first, last = max(start, self._place), min(start + count, self._place + len(self._content))
        if first < last:
            buffer[first - start : last - start] = self._content[first - self._place : last - self._place]
        return count
