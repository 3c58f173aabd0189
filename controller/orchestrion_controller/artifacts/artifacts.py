"""Artifacts as their owners see them: the store's content joined with the rows of ownership.

Content that is stored under another file name, or as another media type, is an artifact of its own that shares the
bytes: neither a request nor a run ever changes what another one calls its files.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, and_, bindparam, delete, func, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from orchestrion import names
from orchestrion.errors import Reason
from orchestrion.runs import Artifact
from orchestrion_controller.artifacts.media_types import guess
from orchestrion_controller.artifacts.store import LocalStore
from orchestrion_controller.artifacts.turns import ContentTurns
from orchestrion_controller.database.database import Database
from orchestrion_controller.database.schema import ARTIFACTS, RUN_ARTIFACTS
from orchestrion_controller.metrics import ControllerMetrics

LOCAL_OWNER: Final = "local"
"""The owner of everything while there is no authentication. Rows are keyed by owner, so that it can be added."""

_COLLECTION: Final = "artifacts/"
_HEAD_BYTES: Final = 4_096
_SWEPT_AT_ONCE: Final = 500
_USED_AGAIN_MS: Final = 600_000
"""An artifact's last use is not written anew before so long, in milliseconds."""
_USE: Final = (
    update(ARTIFACTS)
    .where(ARTIFACTS.c.owner == bindparam("owned_by"), ARTIFACTS.c.id == bindparam("named"))
    .values(use_ms=bindparam("at"))
)
_IS_UNREFERRED: Final = ~select(RUN_ARTIFACTS.c.run).where(RUN_ARTIFACTS.c.artifact == ARTIFACTS.c.id).exists()

_log = logging.getLogger(__name__)


class OwnedArtifacts:
    """The artifacts of one controller."""

    def __init__(self, store: LocalStore, database: Database, metrics: ControllerMetrics) -> None:
        """Joins a store and a database; `metrics` shows what is stored."""
        self._metrics = metrics
        self._store = store
        self._database = database
        insert = sqlite.insert if database.dialect == "sqlite" else postgresql.insert
        self._insert = insert(ARTIFACTS).on_conflict_do_nothing()
        self._turns = ContentTurns()

    async def measure(self) -> None:
        """Shows what an earlier process stored; called before the first upload."""
        count, size_bytes = await self._stored()
        self._metrics.artifacts.set(count)
        self._metrics.artifact_store_bytes.set(size_bytes)

    async def stored_bytes(self) -> int:
        """Returns what the content of all artifacts takes, in bytes."""
        return (await self._stored())[1]

    async def _stored(self) -> tuple[int, int]:
        contents = select(ARTIFACTS.c.sha256, ARTIFACTS.c.size_bytes).distinct().subquery()
        query = select(func.count(), func.coalesce(func.sum(contents.c.size_bytes), 0)).select_from(contents)
        count, size_bytes = await self._database.read(lambda connection: connection.execute(query).one())
        return int(count), int(size_bytes)

    async def add(
        self, chunks: AsyncIterator[bytes], media_type: str, file_name: str, sha256: str = "", owner: str = LOCAL_OWNER
    ) -> Artifact:
        """Stores content for an owner, who has it once for each file name and media type.

        Args:
            chunks: The content.
            media_type: Empty means: detected from the content, then from the file name.
            file_name: The owner's name for it; folders are dropped.
            sha256: What the hash must be; empty for no check.
            owner: The owner.

        Raises:
            OrchestrionError: As `LocalStore.received`.
        """
        head = bytearray()

        async def watched() -> AsyncIterator[bytes]:
            async for chunk in chunks:
                if len(head) < _HEAD_BYTES:
                    head.extend(chunk[: _HEAD_BYTES - len(head)])
                yield chunk

        async with self._store.received(watched(), sha256) as incoming:
            file_name = _base_name(file_name)
            row = {
                "owner": owner,
                "sha256": incoming.sha256,
                "media_type": media_type or guess(bytes(head), file_name),
                "file_name": file_name or incoming.sha256[:12],
                "size_bytes": incoming.size_bytes,
                "create_ms": time.time_ns() // 1_000_000,
                "use_ms": time.time_ns() // 1_000_000,
            }

            async def adopt() -> Artifact:
                # The file first: a process that dies in between leaves a file without a row, which `sweep` removes.
                is_new = await self._store.adopt(incoming)
                artifact = await self._own(row)
                if is_new:
                    self._metrics.artifacts.inc()
                    self._metrics.artifact_store_bytes.inc(incoming.size_bytes)
                return artifact

            return await self._turns.take(incoming.sha256, adopt)

    async def _own(self, row: Mapping[str, object]) -> Artifact:
        """Returns the artifact of an owner that a row describes; the row is written where there is none."""
        described = [ARTIFACTS.c[name] == row[name] for name in ("owner", "sha256", "media_type", "file_name")]
        query = select(ARTIFACTS).where(*described).order_by(ARTIFACTS.c.create_ms).limit(1)
        for attempt in count():
            # Another upload of the content may write its row in between: whose id it is shows when it is written.
            if stored := await self._database.read(lambda connection: connection.execute(query).first()):
                # Before the caller has it, so that retention does not take it from under it.
                await self._database.commit(_USE, {"owned_by": stored.owner, "named": stored.id, "at": row["use_ms"]})
                return _artifact(stored)
            suffix = ("", _suffix(row))[attempt] if attempt < 2 else secrets.token_hex(6)
            name = names.artifact(str(row["sha256"]), suffix).removeprefix(_COLLECTION)
            await self._database.commit(self._insert, {**row, "id": name})
        raise AssertionError  # It counts for ever.

    async def get(self, name: str, field: str = "name", owner: str = LOCAL_OWNER) -> Artifact:
        """Describes one artifact.

        Raises:
            InvalidArgumentError: The name is none of an artifact.
            NotFoundError: The owner has no such artifact.
        """
        described = await self.get_all([name], field=field, owner=owner)
        return described[0]

    async def get_all(
        self, wanted: Iterable[str], field: str = "name", owner: str = LOCAL_OWNER
    ) -> tuple[Artifact, ...]:
        """Describes several artifacts, in order; errors as `get`."""
        requested = tuple(wanted)
        for name in requested:
            names.sha256_of(name, field)
        described = await self.find(requested, owner)
        for name in requested:
            if name not in described:
                message = f"{field}: there is no artifact {name}; upload it first."
                raise Reason.ARTIFACT_NOT_FOUND.error(message, field=field, name=name)
        return tuple(described[name] for name in requested)

    async def find(self, wanted: Iterable[str], owner: str = LOCAL_OWNER) -> Mapping[str, Artifact]:
        """Describes those of several artifacts that exist, by name."""
        ids = {name.removeprefix(_COLLECTION) for name in wanted}
        if not ids:
            return {}
        query = select(ARTIFACTS).where(ARTIFACTS.c.owner == owner, ARTIFACTS.c.id.in_(ids))
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        now = time.time_ns() // 1_000_000
        for row in rows:
            if row.use_ms < now - _USED_AGAIN_MS:
                self._database.write(_USE, {"owned_by": owner, "named": row.id, "at": now}, lambda _: None)
        artifacts = [_artifact(row) for row in rows]
        return {artifact.name: artifact for artifact in artifacts}

    async def list(self, size: int, before: tuple[int, str] | None, owner: str = LOCAL_OWNER) -> tuple[Artifact, ...]:
        """Lists artifacts, newest first: at most `size`, those after the (milliseconds, id) given."""
        query = select(ARTIFACTS).where(ARTIFACTS.c.owner == owner)
        if before is not None:
            query = query.where(tuple_(ARTIFACTS.c.create_ms, ARTIFACTS.c.id) < before)
        query = query.order_by(ARTIFACTS.c.create_ms.desc(), ARTIFACTS.c.id.desc()).limit(size)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return tuple(_artifact(row) for row in rows)

    def read(self, artifact: Artifact, offset: int = 0) -> AsyncIterator[bytes]:
        """Yields the content from an offset on; errors as `LocalStore.read`."""
        return self._store.read(names.sha256_of(artifact.name), offset)

    async def head(self, artifact: Artifact) -> bytes:
        """Returns the first kilobytes of the content; nothing where it is gone."""
        return await self._store.head(names.sha256_of(artifact.name), _HEAD_BYTES)

    async def rename(self, name: str, file_name: str, owner: str = LOCAL_OWNER) -> None:
        """Gives an artifact another file name, where its owner has it."""
        statement = update(ARTIFACTS).where(_is(name, owner))
        await self._database.commit(statement.values(file_name=_base_name(file_name)), {})

    async def delete(self, name: str, owner: str = LOCAL_OWNER) -> None:
        """Removes an artifact for its owner, and its content with the last artifact of it; errors as `get`."""
        sha256 = names.sha256_of(name)

        async def remove() -> None:
            artifact = await self.get(name, owner=owner)
            await self._database.commit(delete(ARTIFACTS).where(_is(name, owner)), {})
            await self._drop_unowned(sha256, artifact.size_bytes)

        await self._turns.take(sha256, remove)

    async def sweep(self) -> int:
        """Removes content that no row has, which a process left that died in between, and counts it."""
        count = 0
        for folder in await self._store.folders():
            stored = await self._store.contents(folder)
            for part in (stored[at : at + _SWEPT_AT_ONCE] for at in range(0, len(stored), _SWEPT_AT_ONCE)):
                query = select(ARTIFACTS.c.sha256).where(ARTIFACTS.c.sha256.in_(part))
                rows = await self._database.read(lambda connection, query=query: connection.execute(query).all())  # type: ignore[misc]  # Lambdas with defaults are not inferred.
                for sha256 in set(part) - {row.sha256 for row in rows}:
                    # Looked at once more, alone with it: an upload may have written its row since.
                    count += await self._turns.take(sha256, partial(self._drop_unowned, sha256))
        if count:
            _log.warning("removed %d files of artifacts that an earlier process had not finished with", count)
        return count

    async def collect(self, before_ms: int, size: int) -> int:
        """Removes artifacts that no run refers to, those that were used last longest ago first, and counts them.

        Args:
            before_ms: Those alone that were last stored or asked for before, in milliseconds since the epoch.
            size: How many at most.
        """
        unused = (ARTIFACTS.c.use_ms < before_ms, _IS_UNREFERRED)
        query = select(ARTIFACTS).where(*unused).order_by(ARTIFACTS.c.use_ms).limit(size)
        rows = await self._database.read(lambda connection: connection.execute(query).all())

        async def remove(row: Row[Any]) -> bool:
            here = (ARTIFACTS.c.owner == row.owner, ARTIFACTS.c.id == row.id)
            # Looked at once more as it is deleted: a run may have begun that refers to it.
            await self._database.commit(delete(ARTIFACTS).where(*here, *unused), {})
            still = select(ARTIFACTS.c.id).where(*here)
            if await self._database.read(lambda connection: connection.execute(still).all()):
                return False
            await self._drop_unowned(row.sha256, row.size_bytes)
            return True

        removed = await asyncio.gather(*(self._turns.take(row.sha256, partial(remove, row)) for row in rows))
        return sum(removed)

    async def finish(self) -> None:
        """Waits until uploads and deletions whose callers have left are done."""
        await self._turns.finish()

    async def _drop_unowned(self, sha256: str, counted_bytes: int | None = None) -> bool:
        """Removes content where no row has it, and tells whether it was removed; to be called in its turn."""
        query = select(func.count()).where(ARTIFACTS.c.sha256 == sha256)
        if await self._database.read(lambda connection: connection.execute(query).scalar_one()):
            return False
        if counted_bytes is not None:
            self._metrics.artifacts.dec()
            self._metrics.artifact_store_bytes.dec(counted_bytes)
        try:
            await self._store.delete(sha256)
        except OSError as error:
            # Nobody can have it any more; its room is free after the next start.
            _log.warning("the content artifacts/%s cannot be removed: %s", sha256, error.strerror)
        return True


def _is(name: str, owner: str) -> ColumnElement[bool]:
    return and_(ARTIFACTS.c.owner == owner, ARTIFACTS.c.id == name.removeprefix(_COLLECTION))


def _suffix(row: Mapping[str, object]) -> str:
    """Returns what tells an artifact from others of its content, unless one that had it was renamed."""
    text = f"{row['media_type']}\0{row['file_name']}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _artifact(row: Row[Any]) -> Artifact:  # Its columns are read by name.
    created = datetime.fromtimestamp(row.create_ms / 1000, UTC)
    return Artifact(_COLLECTION + row.id, row.media_type, row.file_name, row.size_bytes, created)


def _base_name(file_name: str) -> str:
    """Drops the folders of either kind of path, and what no file name should hold."""
    base = PureWindowsPath(PurePosixPath(file_name).name).name
    return "".join(letter for letter in base if letter.isprintable())[:200]
