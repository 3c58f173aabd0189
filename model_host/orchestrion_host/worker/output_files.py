"""Output files: written by the worker into its spool, bounded and hashed on the way; the host renames them away."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion_host import ipc

_MOST_UNSEEN_BYTES: Final = 8 << 20
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True, slots=True)
class SpoolLimits:
    """What output files may take."""

    file_bytes: int = 4 << 30
    """The largest file."""
    total_bytes: int = 1 << 40
    """All files below `root` together."""
    root: Path | None = None
    """The folder with the folders of all workers of the host, and what it took from them; None for the spool alone."""


_NO_LIMITS: Final = SpoolLimits()


class OutputFile:
    """A file as it is written: libraries take it for an open one that only goes forward."""

    def __init__(self, file: BinaryIO, spool: Spool) -> None:
        """Starts with no content."""
        self._file = file
        self._spool = spool
        self._look_at = 0
        self._digest = hashlib.sha256()
        self.size_bytes = 0
        """How many bytes it has."""

    def write(self, piece: bytes) -> int:
        """Adds to its end.

        Raises:
            ResourceExhaustedError: ARTIFACT_TOO_LARGE, STORAGE_FULL.
        """
        count = len(piece)
        self._spool.check_file_size(self.size_bytes + count)
        if self.size_bytes + count > self._look_at:
            self._spool.check_total(count)
            self._look_at = self.size_bytes + self._spool.look_bytes
        self._file.write(piece)
        self._digest.update(piece)
        self.size_bytes += count
        return count

    def flush(self) -> None:
        """Does nothing: it is flushed when it is closed."""

    @property
    def sha256(self) -> str:
        """The hash of what it has."""
        return self._digest.hexdigest()


class Spool:
    """The folder that a worker writes output files to; on shared memory where there is some."""

    def __init__(self, folder: Path, limits: SpoolLimits = _NO_LIMITS, numbers: Iterator[int] | None = None) -> None:
        """Keeps the folder, which is there and belongs to this worker alone.

        Args:
            folder: Where files go.
            limits: What they may take.
            numbers: Where their names come from.
        """
        self._folder = folder
        self._limits = limits
        self._numbers = numbers or itertools.count(1)
        self._written: list[Path] = []

    @property
    def look_bytes(self) -> int:
        """After how many bytes of a file it is looked at anew what all files take."""
        return min(_MOST_UNSEEN_BYTES, self._limits.total_bytes // 16)

    def for_call(self) -> Spool:
        """Returns the same folder for one call, whose files can be discarded together."""
        return Spool(self._folder, self._limits, self._numbers)

    def discard(self) -> None:
        """Removes the files written so far that nobody took: their call failed."""
        for path in self._written:
            path.unlink(missing_ok=True)
        self._written.clear()

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

        Raises:
            ResourceExhaustedError: ARTIFACT_TOO_LARGE: it becomes larger than a file may be; STORAGE_FULL: there is no
                room for it.
        """
        if header is not None:
            return self._write_with_header(pieces, media_type, file_name, header)

        def save(file: OutputFile) -> None:
            for piece in pieces:
                file.write(piece)

        return self.save(save, media_type, file_name)

    def save(self, save: Callable[[OutputFile], None], media_type: str, file_name: str) -> ipc.Plain:
        """Lets a library write to an open file and returns the value that stands for it in outputs; as `write`.

        Args:
            save: Writes the file from beginning to end; an exception leaves no file behind.
            media_type: Such as `image/png`.
            file_name: What a person would call it.
        """
        with self._new_path() as path, path.open("wb") as file:
            output = OutputFile(file, self)
            save(output)
        return _plain(path, media_type, file_name, output.size_bytes, output.sha256)

    def fill(self, write: Callable[[Path], None], media_type: str, file_name: str) -> ipc.Plain:
        """Lets a library write a file itself and returns the value that stands for it in outputs; as `write`.

        Args:
            write: Writes the file at the path that it is given; an exception leaves no file behind. Calls
                `check_file` now and then.
            media_type: Such as `video/mp4`.
            file_name: What a person would call it.
        """
        with self._new_path() as path:
            write(path)
            self.check_file(path)
            size = path.stat().st_size
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        return _plain(path, media_type, file_name, size, digest)

    def check_file(self, path: Path) -> None:
        """Looks at a file that a library writes.

        Raises:
            ResourceExhaustedError: As `write`.
        """
        # Libraries make it when they have the first bytes for it.
        self.check_file_size(path.stat().st_size if path.exists() else 0)
        self.check_total(0)

    def check_file_size(self, size_bytes: int) -> None:
        """Sees that a file may have so many bytes.

        Raises:
            ResourceExhaustedError: ARTIFACT_TOO_LARGE: it may not.
        """
        limit = self._limits.file_bytes
        if size_bytes > limit:
            text = (
                f"An output has more than {limit:,} bytes, the most that one may have (the setting max_output_bytes)."
            )
            raise Reason.ARTIFACT_TOO_LARGE.error(text, limit_bytes=str(limit))

    def check_total(self, further_bytes: int) -> None:
        """Sees that all files together may have so many bytes more.

        Raises:
            ResourceExhaustedError: STORAGE_FULL: they may not.
        """
        limit = self._limits.total_bytes
        used = _bytes_below(self._limits.root or self._folder)
        if used + further_bytes > limit:
            text = (
                f"Output files on this host take {used:,} bytes of {limit:,} until they are stored (its setting "
                "spool_bytes). Try again, or raise it."
            )
            raise Reason.STORAGE_FULL.error(text, used_bytes=str(used), limit_bytes=str(limit))

    @contextlib.contextmanager
    def _new_path(self) -> Iterator[Path]:
        """Makes a path for a file; an exception leaves none there, and a full disk has a name."""
        path = self._folder / str(next(self._numbers))
        try:
            yield path
        except OrchestrionError:
            path.unlink(missing_ok=True)
            raise
        except OSError as error:
            path.unlink(missing_ok=True)
            if error.errno not in _FULL:
                raise
            text = (
                f"There is no room for output files in {path.parent.parent} of this host: {error.strerror}. Free some, "
                "or give shared memory more (--shm-size for containers)."
            )
            raise Reason.STORAGE_FULL.error(text) from error
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        self._written.append(path)

    def _write_with_header(
        self, pieces: Iterable[bytes], media_type: str, file_name: str, header: Callable[[int], bytes]
    ) -> ipc.Plain:
        """Writes the content before it is known how long it is; the hash takes a second reading."""
        with self._new_path() as path, path.open("w+b") as file:
            output = OutputFile(file, self)
            start = output.write(header(0))
            for piece in pieces:
                output.write(piece)
            size = output.size_bytes
            file.seek(0)
            file.write(header(size - start))
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return _plain(path, media_type, file_name, size, digest)


def _plain(path: Path, media_type: str, file_name: str, size_bytes: int, sha256: str) -> ipc.Plain:
    return ipc.plain_media(ipc.MediaFile(os.fspath(path), media_type, file_name, size_bytes, sha256))


def _bytes_below(root: Path) -> int:
    """Adds up the files in a folder and in the folders in it."""
    total = 0
    try:
        with os.scandir(root) as entries:
            for entry in entries:
                # The host takes files away meanwhile.
                with contextlib.suppress(OSError):
                    if entry.is_dir(follow_symlinks=False):
                        with os.scandir(entry) as inner:
                            total += sum(_size(item) for item in inner)
                    else:
                        total += _size(entry)
    except OSError:
        return total
    return total


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except OSError:
        return 0
