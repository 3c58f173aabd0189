"""Artifacts to and from files: the messages of an upload, and a download that is checked before it gets its name.

Both hold one chunk at a time, whatever the artifact's size, and hash it on the way.
"""

from __future__ import annotations

import hashlib
import mimetypes
import os
import secrets
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from orchestrion import names
from orchestrion._content.byte_sources import ByteSource
from orchestrion._net.transport import CHUNK_BYTES
from orchestrion.errors import Reason
from orchestrion.runs import Artifact
from orchestrion.v1 import artifact_service_pb2
from orchestrion.values import ArtifactRef


class Upload:
    """The chunks of an upload, read as they are sent. Used as a context manager, which closes the source."""

    def __init__(self, source: ByteSource) -> None:
        """Starts with an open source."""
        self._source = source
        self.rewindable = source.rewindable
        """Whether `chunks` may be called again."""
        self._attempt = 0
        self._reading = threading.Lock()
        self._closed = False
        self._sha256 = ""
        self._failure: OSError | None = None

    def __enter__(self) -> Self:
        """Returns the upload."""
        return self

    def __exit__(self, error_type: object, error: BaseException | None, traceback: object) -> None:
        self._closed = True
        # A read that waits for a pipe may hold the lock for ever; it closes the source itself when it comes back.
        if self._reading.acquire(blocking=False):
            self._source.close()
            self._reading.release()
        if self._failure is not None:
            # gRPC says only that the call broke off.
            raise self._failure from error

    def chunks(self) -> Iterator[artifact_service_pb2.UploadRequest]:
        """Yields the content from its beginning, at most 1 MiB at a time; ends those that were made before."""
        self._attempt += 1
        return self._read(self._attempt)

    def check(self, artifact: Artifact) -> Artifact:
        """Returns what the server stored, if that is what was sent.

        Raises:
            InvalidArgumentError: It is not.
        """
        _check_hash(artifact.name, self._sha256)
        return artifact

    def _read(self, attempt: int) -> Iterator[artifact_service_pb2.UploadRequest]:
        digest, position = hashlib.sha256(), 0
        while True:
            # gRPC may still read for a call that has ended, in a thread of its own.
            with self._reading:
                if self._closed or attempt != self._attempt:
                    return
                try:
                    chunk = self._source.read(position, CHUNK_BYTES)
                except OSError as error:
                    self._failure = error
                    raise
            if self._closed:
                self._source.close()
                return
            if not chunk:
                self._sha256 = digest.hexdigest()
                return
            position += len(chunk)
            digest.update(chunk)
            yield artifact_service_pb2.UploadRequest(chunk=chunk)


class Download:
    """Takes the messages of a download into a file beside its target, which gets its name when all is there.

    Used as a context manager: leaving it without an error puts the file in place, leaving it with one removes it.
    """

    def __init__(self, name: str, target: str | os.PathLike[str]) -> None:
        """Opens the file.

        Args:
            name: The artifact.
            target: A folder that exists or ends in `/`, for the artifact's own file name, numbered if it is taken; or a
                path, which is replaced if it is there.

        Raises:
            OSError: The folder is not there, or nothing can be written to it.
        """
        self.path = Path(target)
        """Where the artifact is, once the download has ended."""
        self._name = name
        if os.fspath(target).endswith(("/", os.sep)):
            self.path.mkdir(parents=True, exist_ok=True)
        self._into_folder = self.path.is_dir()
        self._file_name = ""
        folder = self.path if self._into_folder else self.path.parent
        self._part = folder / f".{secrets.token_hex(8)}.part"
        self._content: BinaryIO = open(self._part, "xb")  # noqa: SIM115
        self._hash = hashlib.sha256()

    def take(self, message: artifact_service_pb2.DownloadResponse) -> None:
        """Takes one message.

        Raises:
            OSError: The disk is full, or the like.
        """
        if message.HasField("artifact"):
            self._file_name = safe_file_name(message.artifact.file_name, message.artifact.media_type, self._name)
        else:
            self._hash.update(message.chunk)
            self._content.write(message.chunk)

    def __enter__(self) -> Self:
        """Returns the download."""
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self._content.close()
            if error_type is None:
                _check_hash(self._name, self._hash.hexdigest())
                if self._into_folder:
                    self.path = reserve(self.path / self._file_name)
                self._part.replace(self.path)
        finally:
            self._part.unlink(missing_ok=True)


class Collected:
    """Takes the messages of a download into memory."""

    def __init__(self, name: str) -> None:
        """Starts with nothing."""
        self.name = name
        """The artifact."""
        self._chunks: list[bytes] = []

    def take(self, message: artifact_service_pb2.DownloadResponse) -> None:
        """Takes one message."""
        self._chunks.append(message.chunk)

    def content(self) -> bytes:
        """Returns the content.

        Raises:
            InvalidArgumentError: It is not what the artifact's name says.
        """
        content = b"".join(self._chunks)
        _check_hash(self.name, hashlib.sha256(content).hexdigest())
        return content


class Section:
    """Takes the messages of a download as bytes to pass on, from a byte of the artifact and at most so many."""

    def __init__(self, name: str, offset_bytes: int, size_bytes: int | None) -> None:
        """Starts with nothing; None for a size goes to the end.

        Raises:
            InvalidArgumentError: The offset or the size is negative.
        """
        for field, number in (("offset_bytes", offset_bytes), ("size_bytes", size_bytes or 0)):
            if number < 0:
                raise Reason.INVALID_FIELD.error(f"{field}: {number} is negative.", field=field)
        self._name = name
        self._missing_bytes = size_bytes
        # What begins later, or is left before its end, is no whole that has the hash.
        self._hash = hashlib.sha256() if offset_bytes == 0 else None

    @property
    def complete(self) -> bool:
        """Whether all that was wanted has come; False where that is the end, which the server tells."""
        return self._missing_bytes == 0

    def take(self, message: artifact_service_pb2.DownloadResponse) -> bytes:
        """Takes one message, and returns what of it is wanted; empty where nothing is."""
        chunk = message.chunk
        if self._hash is not None:
            self._hash.update(chunk)
        if self._missing_bytes is not None:
            chunk = chunk[: self._missing_bytes]
            self._missing_bytes -= len(chunk)
        return chunk

    def check(self) -> None:
        """Makes sure, at the end of the artifact, that it was all of it.

        Raises:
            InvalidArgumentError: The content is not what the artifact's name says.
        """
        if self._hash is not None:
            _check_hash(self._name, self._hash.hexdigest())


def artifact_name(artifact: str | Artifact | ArtifactRef) -> str:
    """Returns the name of an artifact."""
    return artifact if isinstance(artifact, str) else artifact.name


def safe_file_name(file_name: str, media_type: str, name: str) -> str:
    """Returns a file name for an artifact, whatever its owner called it: no folders, no hidden file, never empty."""
    last = file_name.replace("\\", "/").rsplit("/", 1)[-1]
    last = "".join(letter for letter in last if letter.isprintable()).lstrip(".")
    # File systems take 255 bytes; the rest is room for a number.
    stem, suffix = os.path.splitext(last)
    stem = stem.encode("utf-8", "ignore")[:200].decode("utf-8", "ignore")
    if not stem:
        return names.sha256_of(name)[:12] + (mimetypes.guess_extension(media_type) or ".bin")
    return stem + suffix[:20]


def reserve(path: Path) -> Path:
    """Makes an empty file of that name, or of the first of `name-1`, `name-2`, … that is free; nothing is overwritten.

    Raises:
        OSError: The folder cannot be written to.
    """
    number = 0
    while True:
        candidate = path if number == 0 else path.with_name(f"{path.stem}-{number}{path.suffix}")
        try:
            candidate.touch(exist_ok=False)
        except FileExistsError:
            number += 1
        else:
            return candidate


def _check_hash(name: str, sha256: str) -> None:
    if names.sha256_of(name) != sha256:
        raise Reason.HASH_MISMATCH.error(
            f"The content of {name} has the SHA-256 {sha256}: it changed on the way. Try again.", name=name
        )
