"""What can be uploaded and attached: files, bytes, images, arrays and sounds; and artifacts that are stored already."""

from __future__ import annotations

import os
from collections.abc import Container, Mapping
from typing import IO, Any, BinaryIO, NamedTuple, Protocol, TypeAlias

from orchestrion.links import Link
from orchestrion.runs import Artifact
from orchestrion.values import ArtifactRef

Samples: TypeAlias = Any  # Arrays of any library are taken, and none of them is among the client's dependencies.
PillowImage: TypeAlias = Any  # A whole `PIL.Image.Image`; Pillow is not among them either.


class Sound(NamedTuple):
    """A sound as samples; what `client.artifacts.sound` returns, and `files` takes."""

    samples: Samples
    """An array of int16, or of floats from -1 to 1: (n,), or (n, channels). Or a list of floats."""
    sample_rate: int
    """Samples a second, in Hz."""


class PilImage(Protocol):
    """A PIL image."""

    @property
    def mode(self) -> str:
        """Returns the form of its pixels, such as `RGB`."""
        ...

    def getexif(self) -> Container[int]:
        """Returns its EXIF data, by the numbers of the tags."""
        ...

    def save(self, fp: IO[bytes], format: str | None = None, **params: object) -> None:
        """Writes it in a format."""
        ...


class Buffer(Protocol):
    """An array with the buffer protocol, such as NumPy's."""

    @property
    def __array_interface__(self) -> Mapping[str, object]:
        """Describes the array."""
        ...


Content: TypeAlias = (
    str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | PilImage | Buffer | Sound | Link
)
"""A file by its path, its bytes, a file opened for reading them, a PIL image, an array of pixels, a sound, or a link.

A `str` is always a path; a web address is a `Link`.
Pixels are uint8, (height, width), (height, width, 3) or (height, width, 4).
"""

Attachment: TypeAlias = Content | Artifact | ArtifactRef
"""Content, or an artifact that the controller has already, also by its name."""
