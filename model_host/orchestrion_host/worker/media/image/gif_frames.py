"""How many frames a GIF has, by its blocks alone: Pillow would build a record of each."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, Final

_HEADER_BYTES: Final = 13
_DESCRIPTOR_BYTES: Final = 9
_EXTENSION: Final = 0x21
_IMAGE: Final = 0x2C


def count(path: Path, most: int) -> int:
    """Counts the images of a GIF.

    Args:
        path: The file.
        most: After one more than so many it stops counting.

    Returns:
        How many there are; those before the damage where it is damaged.
    """
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
        if len(header) < _HEADER_BYTES:
            return 0
        _skip_palette(file, header[10])
        frames = 0
        while frames <= most and (kind := file.read(1)):
            if kind[0] == _EXTENSION:
                file.seek(1, 1)
            elif kind[0] == _IMAGE:
                descriptor = file.read(_DESCRIPTOR_BYTES)
                if len(descriptor) < _DESCRIPTOR_BYTES:
                    break
                frames += 1
                _skip_palette(file, descriptor[8])
                file.seek(1, 1)
            elif kind[0]:
                break  # The trailer, or what is no block.
            else:
                continue
            _skip_blocks(file)
        return frames


def _skip_palette(file: BinaryIO, flags: int) -> None:
    if flags & 0x80:
        file.seek(3 << ((flags & 7) + 1), 1)


def _skip_blocks(file: BinaryIO) -> None:
    while (size := file.read(1)) and size[0]:
        file.seek(size[0], 1)
