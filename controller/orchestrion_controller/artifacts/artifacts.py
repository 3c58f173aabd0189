"""Artifacts as their owners see them: the store's content joined with the rows of ownership."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, Final

from sqlalchemy import Row, delete, func, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from orchestrion import names
from orchestrion.errors import Reason
from orchestrion.runs import Artifact
from orchestrion_controller.artifacts.media_types import guess
from orchestrion_controller.artifacts.store import LocalStore
from orchestrion_controller.database.database import Database
from orchestrion_controller.database.schema import ARTIFACTS

LOCAL_OWNER: Final = "local"
"""The owner of everything while there is no authentication. Rows are keyed by owner, so that it can be added."""

_HEAD_BYTES: Final = 4_096


class OwnedArtifacts:
    """The artifacts of one controller."""

    def __init__(self, store: LocalStore, database: Database) -> None:
        """Joins a store and a database."""
        self._store = store
        self._database = database
        insert = sqlite.insert if database.dialect == "sqlite" else postgresql.insert
        statement = insert(ARTIFACTS)
        changes = {name: getattr(statement.excluded, name) for name in ("media_type", "file_name")}
        self._upsert = statement.on_conflict_do_update(index_elements=["owner", "sha256"], set_=changes)

    async def add(
        self, chunks: AsyncIterator[bytes], media_type: str, file_name: str, sha256: str = "", owner: str = LOCAL_OWNER
    ) -> Artifact:
        """Stores content for an owner.

        Args:
            chunks: The content.
            media_type: Empty means: detected from the content, then from the file name.
            file_name: The owner's name for it; folders are dropped.
            sha256: What the hash must be; empty for no check.
            owner: The owner.

        Raises:
            OrchestrionError: As `LocalStore.write`.
        """
        head = bytearray()

        async def watched() -> AsyncIterator[bytes]:
            async for chunk in chunks:
                if len(head) < _HEAD_BYTES:
                    head.extend(chunk[: _HEAD_BYTES - len(head)])
                yield chunk

        stored_sha256, size = await self._store.write(watched(), sha256)
        file_name = _base_name(file_name)
        row = {
            "owner": owner,
            "sha256": stored_sha256,
            "media_type": media_type or guess(bytes(head), file_name),
            "file_name": file_name or stored_sha256[:12],
            "size_bytes": size,
            "create_ms": time.time_ns() // 1_000_000,
        }
        await self._database.commit(self._upsert, row)
        return await self.get(names.artifact(stored_sha256), owner=owner)

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
        hashes = {name.removeprefix("artifacts/") for name in wanted}
        if not hashes:
            return {}
        query = select(ARTIFACTS).where(ARTIFACTS.c.owner == owner, ARTIFACTS.c.sha256.in_(hashes))
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        artifacts = [_artifact(row) for row in rows]
        return {artifact.name: artifact for artifact in artifacts}

    async def list(self, size: int, before: tuple[int, str] | None, owner: str = LOCAL_OWNER) -> tuple[Artifact, ...]:
        """Lists artifacts, newest first: at most `size`, those after the (milliseconds, hash) given."""
        query = select(ARTIFACTS).where(ARTIFACTS.c.owner == owner)
        if before is not None:
            query = query.where(tuple_(ARTIFACTS.c.create_ms, ARTIFACTS.c.sha256) < before)
        query = query.order_by(ARTIFACTS.c.create_ms.desc(), ARTIFACTS.c.sha256.desc()).limit(size)
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
        sha256 = names.sha256_of(name)
        statement = update(ARTIFACTS).where(ARTIFACTS.c.owner == owner, ARTIFACTS.c.sha256 == sha256)
        await self._database.commit(statement.values(file_name=_base_name(file_name)), {})

    async def delete(self, name: str, owner: str = LOCAL_OWNER) -> None:
        """Removes an artifact for its owner, and its content when no other owner has it; errors as `get`."""
        artifact = await self.get(name, owner=owner)
        sha256 = names.sha256_of(artifact.name)
        statement = delete(ARTIFACTS).where(ARTIFACTS.c.owner == owner, ARTIFACTS.c.sha256 == sha256)
        await self._database.commit(statement, {})
        count = select(func.count()).where(ARTIFACTS.c.sha256 == sha256)
        if not await self._database.read(lambda connection: connection.execute(count).scalar_one()):
            await self._store.delete(sha256)


def _artifact(row: Row[Any]) -> Artifact:  # Its columns are read by name.
    created = datetime.fromtimestamp(row.create_ms / 1000, UTC)
    return Artifact(names.artifact(row.sha256), row.media_type, row.file_name, row.size_bytes, created)


def _base_name(file_name: str) -> str:
    """Drops the folders of either kind of path, and what no file name should hold."""
    base = PureWindowsPath(PurePosixPath(file_name).name).name
    return "".join(letter for letter in base if letter.isprintable())[:200]
