"""Contents and rows together: nothing half stays, whoever leaves, dies or deletes meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from orchestrion import names
from orchestrion.errors import NotFoundError, UnavailableError
from orchestrion_controller.artifacts.artifacts import OwnedArtifacts
from orchestrion_controller.artifacts.store import LocalStore
from orchestrion_controller.database.database import Database
from orchestrion_controller.database.writer import Write
from orchestrion_controller.metrics import ControllerMetrics
from tests.unit.controller.conftest import HoldWrites

CONTENT = b"Soup"
NAME = names.of_content(CONTENT)


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "artifacts", 1 << 20)


@pytest.fixture
def artifacts(store: LocalStore, database: Database, metrics: ControllerMetrics) -> OwnedArtifacts:
    return OwnedArtifacts(store, database, metrics)


async def chunks(content: bytes = CONTENT) -> AsyncIterator[bytes]:
    yield content


async def content(artifacts: OwnedArtifacts, name: str = NAME) -> bytes:
    return b"".join([chunk async for chunk in artifacts.read(await artifacts.get(name))])


async def test_a_deletion_whose_caller_left_is_over_before_the_next_upload_of_the_same_begins(
    artifacts: OwnedArtifacts, database: Database, hold_writes: HoldWrites, monkeypatch: pytest.MonkeyPatch
) -> None:
    await artifacts.add(chunks(), "", "soup.txt")
    queued = asyncio.Event()
    put = database._writer.put

    def watched(write: Write) -> None:
        put(write)
        queued.set()

    monkeypatch.setattr(database._writer, "put", watched)
    with hold_writes():
        deleting = asyncio.ensure_future(artifacts.delete(NAME))
        await queued.wait()
        deleting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await deleting
        # The row is to be deleted and is still there: an upload that took it for its own would lose it.
        uploading = asyncio.ensure_future(artifacts.add(chunks(), "", "soup.txt"))
        await asyncio.wait([uploading], timeout=0.2)
    assert (await uploading).name == NAME
    await artifacts.finish()
    # Everything that was queued is written before this.
    await artifacts.rename(names.of_content(b"other"), "other.txt")
    assert await content(artifacts) == CONTENT


async def test_uploads_and_deletions_that_break_off_anywhere_leave_content_with_each_row(
    artifacts: OwnedArtifacts, store: LocalStore, tmp_path: Path
) -> None:
    async def broken_off(work: Any, after_s: float) -> None:
        task = asyncio.ensure_future(work)
        await asyncio.sleep(after_s)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, NotFoundError):
            await task

    for number in range(40):
        await asyncio.gather(
            *(broken_off(artifacts.add(chunks(), "", "soup.txt"), 0.0005 * place) for place in range(8)),
            *(broken_off(artifacts.delete(NAME), 0.0007 * place + 0.0001 * number) for place in range(4)),
        )
        await artifacts.finish()
        rows = await artifacts.list(10, None)
        files = [path for path in (tmp_path / "artifacts").rglob("*") if path.is_file()]
        assert len(files) == bool(rows)
        for row in rows:
            assert await content(artifacts, row.name) == CONTENT


async def test_content_that_no_row_has_is_swept_and_nothing_else(
    artifacts: OwnedArtifacts, store: LocalStore, tmp_path: Path
) -> None:
    await artifacts.add(chunks(), "", "soup.txt")
    # Given a process that died between the file and its row.
    async with store.received(chunks(b"half a dinner")) as incoming:
        await store.adopt(incoming)
    assert await artifacts.sweep() == 1
    assert not store.path(incoming.sha256).exists()
    assert await content(artifacts) == CONTENT
    assert await artifacts.sweep() == 0


async def test_a_sweep_takes_nothing_from_an_upload_that_goes_on(
    artifacts: OwnedArtifacts, store: LocalStore, hold_writes: HoldWrites
) -> None:
    with hold_writes():
        # The file is in its place, and the row waits.
        uploading = asyncio.ensure_future(artifacts.add(chunks(), "", "soup.txt"))
        while not store.path(names.sha256_of(NAME)).exists():  # noqa: ASYNC110  # Nothing tells of it.
            await asyncio.sleep(0.01)
        sweeping = asyncio.ensure_future(artifacts.sweep())
        await asyncio.sleep(0.05)
    await uploading
    assert await sweeping == 0
    assert await content(artifacts) == CONTENT


async def test_a_disk_that_cannot_be_written_is_named(
    artifacts: OwnedArtifacts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # A disk that is mounted read-only is tried in tests/faults; only its error is made here.
    def refuse(*_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(UnavailableError, match=f"Read-only file system. See that {tmp_path}/artifacts can") as caught:
        await artifacts.add(chunks(), "", "soup.txt")
    assert caught.value.reason == "STORAGE_UNAVAILABLE"
    monkeypatch.undo()
    await artifacts.add(chunks(), "", "soup.txt")
    assert await content(artifacts) == CONTENT


async def test_content_is_on_the_disk_before_it_counts_where_that_is_asked_for(
    tmp_path: Path, database: Database, metrics: ControllerMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    lock = threading.Lock()

    def sync(descriptor: int) -> None:
        with lock:
            synced.append(descriptor)

    monkeypatch.setattr("os.fsync", sync)
    lazy = OwnedArtifacts(LocalStore(tmp_path / "lazy", 1 << 20), database, metrics)
    await lazy.add(chunks(b"lazy"), "", "")
    assert synced == []
    careful = OwnedArtifacts(LocalStore(tmp_path / "careful", 1 << 20, syncs=True), database, metrics)
    await careful.add(chunks(b"careful"), "", "")
    # The file, its folder, and the one above, where that folder is new.
    assert len(synced) == 3
