"""Turns the values of a task into what workers take, and back: artifacts into files, and files into artifacts."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrion import names
from orchestrion.errors import OrchestrionError, Reason
from orchestrion.values import ArtifactRef, Json, Value, artifacts
from orchestrion_host import ipc
from orchestrion_host.artifacts.cache import ArtifactCache
from orchestrion_host.artifacts.store import ArtifactStore
from orchestrion_host.metrics import HostMetrics
from orchestrion_host.workers.spool import SpoolRoot, discard_files

_log = logging.getLogger(__name__)

_MOST_FILE_NAMES: Final = 10_000


@dataclass(frozen=True, slots=True)
class FileContent:
    """A file that an expert made, for a caller who takes it at once."""

    content: bytes
    """All of it."""
    media_type: str
    """Such as `image/png`."""
    file_name: str
    """What a person would call it; empty where the expert said nothing."""


class ArtifactExchange:
    """The cache and the store together. Concurrent fetches of one artifact are one download."""

    def __init__(self, cache: ArtifactCache, store: ArtifactStore, spool: SpoolRoot, metrics: HostMetrics) -> None:
        """Keeps its collaborators."""
        self._cache = cache
        self._store = store
        self._spool = spool
        self._metrics = metrics
        self._downloads: dict[str, _Download] = {}
        self._file_names: OrderedDict[str, str] = OrderedDict()

    @contextlib.asynccontextmanager
    async def inputs(self, values: Mapping[str, Value]) -> AsyncIterator[dict[str, ipc.Plain]]:
        """Fetches every artifact in the inputs of a call, and keeps their files until the context ends.

        Raises:
            OrchestrionError: ARTIFACT_NOT_FOUND, SERVER_UNREACHABLE, STORAGE_FULL.
        """
        hashes = {name: names.sha256_of(name) for value in values.values() for name in artifacts(value)}
        with contextlib.ExitStack() as holds:
            paths = {name: holds.enter_context(self._cache.hold(sha256)) for name, sha256 in hashes.items()}
            await self._fetch_all(hashes)
            # Experts name what they make after what they were given.
            files = {name: ipc.MediaFile(str(path), "", await self._file_name(name)) for name, path in paths.items()}
            yield {name: _plain(value, files) for name, value in values.items()}

    def must_fetch(self, values: Mapping[str, Value]) -> bool:
        """Whether an artifact in the inputs of a call is not here yet."""
        return any(names.sha256_of(name) not in self._cache for value in values.values() for name in artifacts(value))

    async def outputs(self, plain: Mapping[str, ipc.Plain]) -> dict[str, Value]:
        """Stores every file in the outputs of a call, and keeps it for the next task here.

        Raises:
            OrchestrionError: ARTIFACT_TOO_LARGE, STORAGE_FULL, SERVER_UNREACHABLE; EXPERT_FAILED: a file is not there.
        """
        try:
            return {name: await self._value(value) for name, value in plain.items()}
        finally:
            discard_files(plain)

    @contextlib.asynccontextmanager
    async def kept(self, contents: Sequence[bytes]) -> AsyncIterator[list[str]]:
        """Keeps files whose content came with a call as if they had been fetched; the store does not learn of them.

        Yields:
            The names of artifacts by which the inputs of the call may refer to them, until the context ends.

        Raises:
            ResourceExhaustedError: STORAGE_FULL.
        """
        with contextlib.ExitStack() as holds:
            yield [await self._keep(content, holds) for content in contents]

    async def contents(self, plain: Mapping[str, ipc.Plain]) -> tuple[dict[str, Value], dict[str, FileContent]]:
        """Reads every file in the outputs of a call instead of storing it.

        Returns:
            The outputs, and the contents by the names of the artifacts among them, which no store has.

        Raises:
            InternalError: EXPERT_FAILED: a file is not there.
        """
        files: dict[str, FileContent] = {}
        try:
            return {name: await self._read_value(value, files) for name, value in plain.items()}, files
        finally:
            discard_files(plain)

    async def _keep(self, content: bytes, holds: contextlib.ExitStack) -> str:
        sha256 = await asyncio.to_thread(lambda: hashlib.sha256(content).hexdigest())
        name = names.artifact(sha256)
        path = holds.enter_context(self._cache.hold(sha256))
        if sha256 not in self._cache:
            part = self._cache.new_part_path(sha256)
            try:
                await asyncio.to_thread(part.write_bytes, content)
                part.rename(path)
            except OSError as error:
                raise Reason.STORAGE_FULL.error(f"The host cannot keep an input: {error}.") from error
            finally:
                part.unlink(missing_ok=True)
            self._cache.add(sha256, len(content))
        if name not in self._file_names:
            # Nobody else can say, and asking would take a controller.
            self._keep_file_name(name, "")
        return name

    async def _read_value(self, plain: ipc.Plain, files: dict[str, FileContent]) -> Value:
        media = ipc.media_of(plain)
        if media is None:
            if isinstance(plain, list):
                return tuple([await self._read_value(item, files) for item in plain])
            return _value_of(plain)
        try:
            taken = self._spool.take(media)
            try:
                content = await asyncio.to_thread(Path(taken.path).read_bytes)
            finally:
                discard_files(ipc.plain_media(taken))
        except (OSError, ValueError) as error:
            raise _absent(error) from error
        name = names.artifact(media.sha256)
        files[name] = FileContent(content, media.media_type, media.file_name)
        return ArtifactRef(name)

    async def _fetch_all(self, hashes: Mapping[str, str]) -> None:
        # Of artifacts that share their content one is enough.
        by_hash = {sha256: name for name, sha256 in hashes.items()}
        missing = [(sha256, name) for sha256, name in by_hash.items() if sha256 not in self._cache]
        self._metrics.artifact_fetches.labels("cache").inc(len(by_hash) - len(missing))
        if len(missing) == 1:
            await self._fetch(*missing[0])
        elif missing:
            async with asyncio.TaskGroup() as group:
                for sha256, name in missing:
                    group.create_task(self._fetch(sha256, name))

    async def _file_name(self, name: str) -> str:
        """Returns what its owner calls an artifact; empty where that cannot be found out: the content is enough."""
        if name not in self._file_names:
            try:
                self._keep_file_name(name, await self._store.file_name(name))
            except OrchestrionError as error:
                _log.info("the file name of %s cannot be found out: %s", name, error)
                return ""
        self._file_names.move_to_end(name)
        return self._file_names[name]

    def _keep_file_name(self, name: str, file_name: str) -> None:
        self._file_names[name] = file_name
        if len(self._file_names) > _MOST_FILE_NAMES:
            self._file_names.popitem(last=False)

    async def _fetch(self, sha256: str, name: str) -> None:
        download = self._downloads.get(sha256)
        if download is None:
            download = self._downloads[sha256] = _Download(asyncio.create_task(self._download(sha256, name)))
        download.waiter_count += 1
        try:
            await asyncio.shield(download.task)
        finally:
            download.waiter_count -= 1
            if not download.waiter_count:
                # Whoever comes while it ends begins another, and is not cancelled with it.
                if self._downloads.get(sha256) is download:
                    del self._downloads[sha256]
                download.task.cancel()

    async def _download(self, sha256: str, name: str) -> None:
        part = self._cache.new_part_path(sha256)
        try:
            size, file_name = await self._store.download(name, part)
            part.rename(self._cache.path(sha256))
            self._cache.add(sha256, size)
            self._keep_file_name(name, file_name)
            self._metrics.artifact_fetches.labels("store").inc()
            self._metrics.artifact_bytes.labels("fetched").inc(size)
        finally:
            part.unlink(missing_ok=True)

    async def _value(self, plain: ipc.Plain) -> Value:
        media = ipc.media_of(plain)
        if media is not None:
            return await self._store_file(media)
        if isinstance(plain, list):
            return tuple([await self._value(item) for item in plain])
        return _value_of(plain)

    async def _store_file(self, media: ipc.MediaFile) -> ArtifactRef:
        try:
            taken = self._spool.take(media)
        except (OSError, ValueError) as error:
            raise _absent(error) from error
        path = Path(taken.path)
        try:
            name = await self._store.upload(taken)
            self._keep_file_name(name, taken.file_name)
            self._metrics.artifact_bytes.labels("stored").inc(taken.size_bytes)
            try:
                await self._cache.adopt(path, taken.sha256, taken.size_bytes)
            except OSError as error:
                # The store has it; only the next task on this host fetches it again.
                _log.warning("the cache cannot keep %s: %s", name, error)
        finally:
            discard_files(ipc.plain_media(taken))
        return ArtifactRef(name)


class _Download:
    def __init__(self, task: asyncio.Task[None]) -> None:
        self.task = task
        self.waiter_count = 0


def _value_of(plain: ipc.Plain) -> Value:
    """Reads a value that is neither a file nor a list."""
    if isinstance(plain, dict):
        return Json(plain.get("json"))
    value: Value = float(plain) if isinstance(plain, int) and not isinstance(plain, bool) else plain
    return value


def _absent(error: Exception) -> OrchestrionError:
    return Reason.EXPERT_FAILED.error(f"The expert named an output file that is not there: {error}.")


def _plain(value: Value, files: Mapping[str, ipc.MediaFile]) -> ipc.Plain:
    if isinstance(value, ArtifactRef):
        return ipc.plain_media(files[value.name])
    if isinstance(value, Json):
        return {"json": value.data}
    if isinstance(value, tuple):
        return [_plain(item, files) for item in value]
    return value
