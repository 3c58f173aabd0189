"""Folders on shared memory in which workers leave output files, and from which the host takes them."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from orchestrion_host import ipc

_SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - each host makes a private folder in it.
# Containers get 64 MB of it by default, which one long sound would fill.
_LEAST_FREE_BYTES: Final = 1 << 30
_PREFIX: Final = "orchestrion-host-"


class FolderLock:
    """A lock on a folder, which ends with the process at the latest."""

    def __init__(self, folder: Path) -> None:
        """Takes it.

        Raises:
            OSError: Another one has it, or the folder is not there.
        """
        self._descriptor: int | None = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Gives it back. Nothing happens when it was given back before."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


class SpoolRoot:
    """The folder of one host process, with a folder for each of its workers."""

    def __init__(self, home: Path, limit_bytes: int | None = None) -> None:
        """Makes the folder, on shared memory where there is enough, and sweeps out what killed hosts left.

        Args:
            home: Where the folder goes when shared memory has no room.
            limit_bytes: What files in it may take together; None for three quarters of what is free now.
        """
        bases = (_SHARED_MEMORY, home / "spool")
        for base in bases:
            _sweep(base)
        base = bases[0] if _has_room(_SHARED_MEMORY, limit_bytes or _LEAST_FREE_BYTES) else bases[1]
        base.mkdir(parents=True, exist_ok=True)
        self.limit_bytes = limit_bytes or shutil.disk_usage(base).free * 3 // 4
        """What files in it may take together."""
        self.folder, self._lock = _locked_folder(base)
        self._taken = self.folder / "taken"
        self._taken.mkdir()
        self._numbers = itertools.count(1)

    def new_folder(self) -> Path:
        """Makes the folder of a new worker."""
        folder = self.folder / f"worker-{next(self._numbers)}"
        folder.mkdir()
        return folder

    def take(self, media: ipc.MediaFile) -> ipc.MediaFile:
        """Moves an output file out of its worker's folder, so that it outlives the worker.

        Raises:
            ValueError: The file is in no worker's folder.
            OSError: It is not there.
        """
        path = Path(media.path)
        if path.parent.parent != self.folder or path.is_symlink():
            raise ValueError(f"{path} is not a worker's file")
        target = self._taken / f"{next(self._numbers)}"
        path.rename(target)
        return ipc.MediaFile(str(target), media.media_type, media.file_name, media.size_bytes, media.sha256)

    @staticmethod
    def discard(folder: Path) -> None:
        """Removes the folder of a worker that has ended."""
        shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Removes everything. Nothing happens when it was closed before."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.close()


def discard_files(outputs: ipc.Plain) -> None:
    """Removes the files in the outputs of a call that nobody waits for, at any depth."""
    media = ipc.media_of(outputs)
    if media is not None:
        Path(media.path).unlink(missing_ok=True)
    elif isinstance(outputs, Mapping):
        for value in outputs.values():
            discard_files(value)
    elif isinstance(outputs, list):
        for value in outputs:
            discard_files(value)


def _has_room(folder: Path, wanted_bytes: int) -> bool:
    try:
        return os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= wanted_bytes
    except OSError:
        return False


def _locked_folder(base: Path) -> tuple[Path, FolderLock]:
    """Makes a folder that this process holds a lock on, and returns it with the lock.

    The lock ends with the process, however that ends. Process ids would not do: in containers each host has the same.
    """
    # Nobody sweeps it out under this name before it is locked.
    folder = Path(tempfile.mkdtemp(prefix=f".{_PREFIX}", dir=base))
    lock = FolderLock(folder)
    return folder.rename(base / folder.name.removeprefix(".")), lock


def _sweep(base: Path) -> None:
    """Removes folders of hosts that no longer run: nobody has a lock on them."""
    for folder in base.glob(f"{_PREFIX}*"):
        # Its host runs, or another one sweeps it out just now, or it is somebody else's.
        with contextlib.suppress(OSError), contextlib.closing(FolderLock(folder)):
            shutil.rmtree(folder, ignore_errors=True)
