"""Output files: written by the worker into its spool, hashed on the way, taken over by the host with a rename."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from orchestrion_host import ipc


class Spool:
    """The folder that a worker writes output files to; on shared memory where there is some."""

    def __init__(self, folder: Path) -> None:
        """Keeps the folder, which is there and belongs to this worker alone."""
        self._folder = folder
        self._numbers = itertools.count(1)

    def write(
        self,
        pieces: Iterable[bytes],
        media_type: str,
        file_name: str,
        *,
        header: Callable[[int], bytes] | None = None,
    ) -> ipc.Plain:
        """Writes a file from pieces and returns the value that stands for it in outputs.

        Args:
            pieces: The content in order; an exception on the way leaves no file behind.
            media_type: Such as `audio/wav`.
            file_name: What a person would call it, such as `speech.wav`.
            header: Returns what stands in front of the content, from its bytes; always equally long.
        """
        if header is not None:
            return self._write_with_header(pieces, media_type, file_name, header)
        path = self._folder / str(next(self._numbers))
        digest = hashlib.sha256()
        size = 0
        try:
            with path.open("wb") as file:
                for piece in pieces:
                    file.write(piece)
                    digest.update(piece)
                    size += len(piece)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return ipc.plain_media(ipc.MediaFile(os.fspath(path), media_type, file_name, size, digest.hexdigest()))

    def fill(self, write: Callable[[Path], None], media_type: str, file_name: str) -> ipc.Plain:
        """Lets a library write a file itself and returns the value that stands for it in outputs.

        Args:
            write: Writes the file at the path that it is given; an exception leaves no file behind.
            media_type: Such as `video/mp4`.
            file_name: What a person would call it.
        """
        path = self._folder / str(next(self._numbers))
        try:
            write(path)
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256")
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        size = path.stat().st_size
        return ipc.plain_media(ipc.MediaFile(os.fspath(path), media_type, file_name, size, digest.hexdigest()))

    def _write_with_header(
        self, pieces: Iterable[bytes], media_type: str, file_name: str, header: Callable[[int], bytes]
    ) -> ipc.Plain:
        """Writes the content before it is known how long it is; the hash takes a second reading."""
        path = self._folder / str(next(self._numbers))
        try:
            with path.open("w+b") as file:
                start = file.write(header(0))
                size = sum(file.write(piece) for piece in pieces)
                file.seek(0)
                file.write(header(size))
                file.seek(0)
                digest = hashlib.file_digest(file, "sha256")
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        media = ipc.MediaFile(os.fspath(path), media_type, file_name, start + size, digest.hexdigest())
        return ipc.plain_media(media)
