"""Artifacts on this host's disk, by hash: bounded in bytes, the least recently used go first, those in use stay."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import re
import shutil
from collections import Counter, OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_HASH: Final = re.compile(r"[0-9a-f]{64}")
_PART: Final = ".part"


class ArtifactCache:
    """A folder of files named by their SHA-256. Its content outlives the process."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        """Takes over what an earlier process left.

        Args:
            folder: The folder; this process's alone.
            limit_bytes: What files that nobody uses may take together.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._holders: Counter[str] = Counter()
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self._numbers = itertools.count(1)
        self.used_bytes = 0
        for path in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime):
            if _HASH.fullmatch(path.name):
                self.add(path.name, path.stat().st_size)
            else:
                path.unlink()  # A download that a killed process left unfinished.

    def __contains__(self, sha256: str) -> bool:
        return sha256 in self._sizes

    def path(self, sha256: str) -> Path:
        """Returns where an artifact is, or would be."""
        return self._folder / sha256

    def new_part_path(self, sha256: str) -> Path:
        """Returns where an artifact is written before it is complete: each time another path."""
        return self._folder / f"{sha256}.{next(self._numbers)}{_PART}"

    @contextlib.contextmanager
    def hold(self, sha256: str) -> Iterator[Path]:
        """Keeps an artifact from being evicted, whether it is here already or about to come."""
        self._holders[sha256] += 1
        if sha256 in self._sizes:
            self._sizes.move_to_end(sha256)
        try:
            yield self.path(sha256)
        finally:
            self._holders[sha256] -= 1
            if not self._holders[sha256]:
                del self._holders[sha256]
                self._trim()

    def add(self, sha256: str, size_bytes: int) -> None:
        """Takes in a file that is at its place."""
        if sha256 not in self._sizes:
            self._sizes[sha256] = size_bytes
            self.used_bytes += size_bytes
        self._sizes.move_to_end(sha256)
        self._trim()

    async def adopt(self, path: Path, sha256: str, size_bytes: int) -> None:
        """Takes over a file of known hash: by a rename, or by a copy where it is on another file system.

        Raises:
            OSError: The disk is full.
        """
        if sha256 in self._sizes or size_bytes > self._limit_bytes:
            return
        if not self._renamed(path, sha256):
            await asyncio.to_thread(self._copy, path, sha256)
        self.add(sha256, size_bytes)

    def _renamed(self, path: Path, sha256: str) -> bool:
        try:
            path.rename(self.path(sha256))
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            return False
        return True

    def _copy(self, path: Path, sha256: str) -> None:
        # Two calls may have made the same content at once.
        part = self.new_part_path(sha256)
        try:
            shutil.copyfile(path, part)
            part.rename(self.path(sha256))
        finally:
            part.unlink(missing_ok=True)

    def _trim(self) -> None:
        if self.used_bytes <= self._limit_bytes:
            return
        for sha256 in [sha256 for sha256 in self._sizes if sha256 not in self._holders]:
            self.path(sha256).unlink(missing_ok=True)
            self.used_bytes -= self._sizes.pop(sha256)
            if self.used_bytes <= self._limit_bytes:
                return
