"""The content of artifacts in a local folder. File work runs on threads; only one chunk at a time is in memory."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import os
import re
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Final

from orchestrion._net.transport import CHUNK_BYTES
from orchestrion.errors import OrchestrionError, Reason

_HASH: Final = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Incoming:
    """Content that was received, and is not in the store yet."""

    sha256: str
    size_bytes: int
    path: Path
    """The file that has it."""


class LocalStore:
    """A folder with one file an artifact, spread over 256 subfolders by the first two digits of the hash."""

    def __init__(self, folder: Path, max_bytes: int, *, syncs: bool = False) -> None:
        """Makes the folder, and drops what uploads of an earlier process left.

        Args:
            folder: The folder.
            max_bytes: The largest artifact taken, in bytes.
            syncs: Whether content is on the disk before it counts as stored, so that a power cut loses none.

        Raises:
            OSError: The folder cannot be made.
        """
        self._folder = folder
        self._incoming = folder / "incoming"
        self._max_bytes = max_bytes
        self._syncs = syncs
        self._incoming.mkdir(parents=True, exist_ok=True)
        for left in self._incoming.iterdir():
            left.unlink()

    def path(self, sha256: str) -> Path:
        """Returns the file of an artifact, whether it exists or not."""
        return self._folder / sha256[:2] / sha256

    @contextlib.asynccontextmanager
    async def received(self, chunks: AsyncIterator[bytes], expected_sha256: str = "") -> AsyncIterator[Incoming]:
        """Receives content in chunks, for `adopt` inside the context; nothing that was not adopted is left behind.

        Raises:
            InvalidArgumentError: There is no content, or it has another hash than expected.
            ResourceExhaustedError: It is too large, or the disk is full.
            UnavailableError: The disk cannot be written.
        """
        temporary = self._incoming / secrets.token_hex(8)
        digest, size = hashlib.sha256(), 0
        try:
            with temporary.open("xb", buffering=0) as file:

                def take(chunk: bytes) -> None:
                    digest.update(chunk)
                    file.write(chunk)

                async for chunk in chunks:
                    size += len(chunk)
                    if size > self._max_bytes:
                        raise self._too_large()
                    await asyncio.to_thread(take, chunk)
                if self._syncs:
                    await asyncio.to_thread(os.fsync, file.fileno())
            if not size:
                raise Reason.ARTIFACT_EMPTY.error("The upload has no content: send at least one byte.", field="chunk")
            sha256 = digest.hexdigest()
            if expected_sha256 not in ("", sha256):
                message = f"The content has SHA-256 {sha256}, and {expected_sha256} was announced. Send it again."
                raise Reason.HASH_MISMATCH.error(message, field="header.sha256", sha256=sha256)
            yield Incoming(sha256, size, temporary)
        except OSError as error:
            raise self._storage_error(error) from error
        finally:
            with contextlib.suppress(OSError):  # Adopted, or on a disk that cannot be written any more.
                temporary.unlink()

    async def adopt(self, incoming: Incoming) -> bool:
        """Makes what was received the content of its hash, and returns whether that is new.

        Raises:
            OSError: The disk is full; `received` makes an `OrchestrionError` of it.
        """
        return await asyncio.to_thread(self._adopt, incoming.path, incoming.sha256)

    async def read(self, sha256: str, offset: int = 0) -> AsyncIterator[bytes]:
        """Yields the content from an offset on, in chunks of at most 1 MiB.

        Raises:
            NotFoundError: The content is not there.
            UnavailableError: The disk cannot be read.
        """
        try:
            file = self.path(sha256).open("rb", buffering=0)
        except FileNotFoundError as error:
            message = f"The content of artifacts/{sha256} is gone from the store."
            raise Reason.ARTIFACT_NOT_FOUND.error(message, field="name") from error
        except OSError as error:
            raise self._storage_error(error) from error
        with file:
            file.seek(offset)
            while chunk := await self._read_chunk(file):
                yield chunk

    async def _read_chunk(self, file: FileIO) -> bytes:
        try:
            return await asyncio.to_thread(file.read, CHUNK_BYTES)
        except OSError as error:
            raise self._storage_error(error) from error

    async def head(self, sha256: str, size_bytes: int) -> bytes:
        """Returns the first bytes of the content; nothing where it is gone."""

        def read() -> bytes:
            with self.path(sha256).open("rb") as file:
                return file.read(size_bytes)

        try:
            return await asyncio.to_thread(read)
        except OSError:
            return b""

    async def delete(self, sha256: str) -> None:
        """Removes the content; absence is no error.

        Raises:
            OSError: The disk cannot be written.
        """
        await asyncio.to_thread(self.path(sha256).unlink, missing_ok=True)

    async def folders(self) -> Sequence[str]:
        """Returns the names of the subfolders that hold content."""

        def named() -> list[str]:
            return sorted(path.name for path in self._folder.iterdir() if len(path.name) == 2 and path.is_dir())

        return await asyncio.to_thread(named)

    async def contents(self, folder: str) -> Sequence[str]:
        """Returns the hashes of the content in a subfolder."""

        def named() -> list[str]:
            return [path.name for path in (self._folder / folder).iterdir() if _HASH.fullmatch(path.name)]

        return await asyncio.to_thread(named)

    def _adopt(self, temporary: Path, sha256: str) -> bool:
        target = self.path(sha256)
        target.parent.mkdir(exist_ok=True)
        is_new = not target.exists()
        # Replacing an equal file is harmless, and never leaves half a file under the final name.
        os.replace(temporary, target)
        if self._syncs:
            _sync_folder(target.parent)
        return is_new

    def _too_large(self) -> OrchestrionError:
        message = f"Artifacts are limited to {self._max_bytes} bytes; the operator's setting is max_artifact_bytes."
        return Reason.ARTIFACT_TOO_LARGE.error(message, max_bytes=str(self._max_bytes))

    def _storage_error(self, error: OSError) -> OrchestrionError:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return Reason.STORAGE_FULL.error(
                "The controller's disk is full: delete artifacts or free space, then try again."
            )
        message = (
            f"The controller's folder of artifacts cannot be used now: {error.strerror}. "
            f"See that {self._folder} can be read and written."
        )
        return Reason.STORAGE_UNAVAILABLE.error(message, retry_after_ms=1_000)


def _sync_folder(folder: Path) -> None:
    """Has the names in a folder, and its own in the one above, on the disk."""
    for path in (folder, folder.parent):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
