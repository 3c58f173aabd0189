"""Regions of POSIX shared memory that clients on this machine registered, for tensors that do not travel."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrion.errors import OrchestrionError, Reason
from orchestrion_host.open_inference.messages import Region
from orchestrion_host.tensors import Buffer

_FOLDER: Final = Path("/dev/shm")  # noqa: S108 - Where Linux has the objects of shm_open(3).
# Names of objects have no further slash, so none leads out of the folder.
_KEY: Final = re.compile(r"/?[0-9A-Za-z_.-]{1,255}")
_MOST_REGIONS: Final = 1024


@dataclass(frozen=True, slots=True)
class RegisteredRegion:
    """A region."""

    name: str
    """What the client calls it."""
    key: str
    """The name of its object of shared memory."""
    offset: int
    """Where in the object it begins, in bytes."""
    size_bytes: int
    """How long it is."""
    file: int
    """The descriptor of the object. It is read and written, not mapped: a client that shortens it harms nobody then."""


class SharedMemory:
    """The regions, by name. Off unless the operator allows it: it reads and writes what other programs have there."""

    def __init__(self, *, allowed: bool) -> None:
        """Starts with no region."""
        self._allowed = allowed
        self._regions: dict[str, RegisteredRegion] = {}

    @property
    def allowed(self) -> bool:
        """Whether regions may be registered."""
        return self._allowed

    def regions(self, name: str = "") -> Mapping[str, RegisteredRegion]:
        """Returns the region of a name, or all.

        Raises:
            NotFoundError: NOT_FOUND: there is none of that name.
        """
        if name:
            return {name: self._region(name)}
        return dict(self._regions)

    def register(self, name: str, key: str, offset: int, size_bytes: int) -> None:
        """Opens a region.

        Raises:
            PermissionDeniedError: PERMISSION_DENIED: the operator does not allow it.
            InvalidArgumentError: INVALID_FIELD: a name, an offset or a size cannot be, or the name is taken.
        """
        if not self._allowed:
            text = "Shared memory is off on this host; the setting allow_shared_memory turns it on."
            raise Reason.PERMISSION_DENIED.error(text, setting="allow_shared_memory")
        if not name:
            raise _bad("name", "is empty")
        if name in self._regions:
            raise _bad("name", f"{name[:80]!r} is registered already; unregister it first")
        if len(self._regions) >= _MOST_REGIONS:
            raise _bad("name", f"is one too many: {_MOST_REGIONS} regions are registered; unregister some")
        if not _KEY.fullmatch(key) or key.lstrip("/") in (".", ".."):
            raise _bad("key", f"{key[:80]!r} is no name of an object of shared memory")
        if offset < 0 or size_bytes < 1:
            raise _bad("byte_size", "and offset must be at least 1 and 0")
        try:
            file = _open(_FOLDER / key.lstrip("/"), offset + size_bytes)
        except OSError as error:
            raise _bad("key", f"{key!r} cannot be opened: {error.strerror or error}") from error
        self._regions[name] = RegisteredRegion(name, key, offset, size_bytes, file)

    def unregister(self, name: str = "") -> None:
        """Lets go of a region, or of all; one that is not there is gone already."""
        for key in [name] if name else list(self._regions):
            region = self._regions.pop(key, None)
            if region is not None:
                os.close(region.file)

    def read(self, part: Region) -> bytes:
        """Returns a copy of a part of a region: the client may change it as soon as it wants.

        Raises:
            OrchestrionError: There is no such region, or it is shorter.
        """
        content = os.pread(self._region(part.name).file, part.size_bytes, self._start(part))
        if len(content) < part.size_bytes:
            raise _bad("shared_memory_region", f"the object of {part.name} was shortened")
        return content

    def write(self, part: Region, content: Buffer) -> int:
        """Writes to a part of a region, and returns how many bytes.

        Raises:
            OrchestrionError: There is no such region, it is shorter, or the content does not fit.
        """
        if len(content) > part.size_bytes:
            text = f"outputs: {len(content)} bytes do not fit in the {part.size_bytes} of {part.name}."
            raise Reason.INVALID_FIELD.error(text, field="outputs")
        return os.pwrite(self._region(part.name).file, content, self._start(part))

    def _start(self, part: Region) -> int:
        region = self._region(part.name)
        if part.offset < 0 or part.size_bytes < 0 or part.offset + part.size_bytes > region.size_bytes:
            text = f"{part.name} has {region.size_bytes} bytes; {part.size_bytes} from {part.offset} on are not in it"
            raise _bad("shared_memory_byte_size", text)
        return region.offset + part.offset

    def _region(self, name: str) -> RegisteredRegion:
        region = self._regions.get(name)
        if region is None:
            raise Reason.NOT_FOUND.error(f"There is no region of shared memory {name[:80]!r}.", region=name[:80])
        return region


def _open(path: Path, size_bytes: int) -> int:
    file = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    present = os.fstat(file).st_size
    if present < size_bytes:
        os.close(file)
        raise OSError(0, f"it has {present} bytes, and the region ends at {size_bytes}")
    return file


def _bad(field: str, problem: str) -> OrchestrionError:
    return Reason.INVALID_FIELD.error(f"{field}: {problem}.", field=field)
