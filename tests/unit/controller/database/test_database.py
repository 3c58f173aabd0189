"""The one writer: group commits in order, failures told to those who wait, nothing lost at the end."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, text, update

from orchestrion.errors import FailedPreconditionError, InternalError, OrchestrionError, UnavailableError
from orchestrion_controller.database.database import Database
from orchestrion_controller.database.schema import EVENTS, METADATA, RUNS
from orchestrion_controller.metrics import ControllerMetrics
from tests.unit.controller.conftest import HoldWrites, seen

INSERT = insert(EVENTS)
COUNT = select(func.count()).select_from(EVENTS)

OpenDatabase = Callable[..., Database]


@pytest.fixture
async def open_database(path: Path, metrics: ControllerMetrics) -> AsyncIterator[OpenDatabase]:
    opened: list[Database] = []

    def open_(url: str = f"sqlite:///{path}", **settings: Any) -> Database:
        database = Database(url, metrics, **settings)
        opened.append(database)
        return database

    yield open_
    for database in opened:
        await database.close()


def row(sequence: int, run: str = "runs/a") -> dict[str, object]:
    return {"run": run, "sequence": sequence, "event": b"%d" % sequence}


def sequences(path: Path) -> list[int]:
    """Reads what is on disk, by a connection that the database knows nothing of."""
    with closing(sqlite3.connect(path)) as connection:
        return [number for (number,) in connection.execute("SELECT sequence FROM events ORDER BY sequence")]


def commits(metrics: ControllerMetrics) -> float:
    return metrics.registry.get_sample_value("orchestrion_controller_journal_commit_seconds_count") or 0.0


def failures(metrics: ControllerMetrics) -> float:
    return metrics.registry.get_sample_value("orchestrion_controller_journal_failures_total") or 0.0


def writes(metrics: ControllerMetrics) -> float:
    return metrics.registry.get_sample_value("orchestrion_controller_journal_writes_total") or 0.0


async def write_all(database: Database, rows: list[dict[str, object]]) -> list[OrchestrionError | None]:
    """Queues rows and returns what each was told, once the last has been told."""
    outcomes: list[OrchestrionError | None] = []
    last = asyncio.Event()

    def done(error: OrchestrionError | None) -> None:
        outcomes.append(error)
        if len(outcomes) == len(rows):
            last.set()

    for item in rows:
        database.write(INSERT, item, done)
    await last.wait()
    return outcomes


async def test_a_write_is_on_disk_when_it_is_told(database: Database, path: Path) -> None:
    await database.commit(INSERT, row(1))
    assert sequences(path) == [1]
    assert await database.read(lambda connection: connection.execute(COUNT).scalar_one()) == 1


async def test_writes_are_told_in_order_and_each_after_its_commit(database: Database, path: Path) -> None:
    reports: list[tuple[int, bool]] = []
    last = asyncio.Event()

    def queue(sequence: int) -> None:
        def done(error: OrchestrionError | None) -> None:
            assert error is None
            reports.append((sequence, sequence in sequences(path)))
            if sequence == 200:
                last.set()

        database.write(INSERT, row(sequence), done)

    for sequence in range(1, 201):
        queue(sequence)
    await last.wait()
    assert reports == [(sequence, True) for sequence in range(1, 201)]


async def test_what_waits_is_one_commit(
    database: Database, hold_writes: HoldWrites, metrics: ControllerMetrics
) -> None:
    with hold_writes():
        writing = asyncio.ensure_future(write_all(database, [row(sequence) for sequence in range(500)]))
        await asyncio.sleep(0)
    assert await writing == [None] * 500
    # The writer may have taken the first few alone before it had to wait.
    assert 1 <= commits(metrics) <= 2
    assert writes(metrics) == 500


async def test_a_group_has_a_largest_size(
    database: Database, hold_writes: HoldWrites, path: Path, metrics: ControllerMetrics
) -> None:
    with hold_writes():
        writing = asyncio.ensure_future(write_all(database, [row(sequence) for sequence in range(2_500)]))
        await asyncio.sleep(0)
    await writing
    assert 3 <= commits(metrics) <= 4
    assert len(sequences(path)) == 2_500


async def test_different_statements_keep_their_order(database: Database, hold_writes: HoldWrites, path: Path) -> None:
    run = {"name": "runs/a", "kind": 1, "state": 1, "create_ms": 1, "previous_run": ""}
    ended = update(RUNS).where(RUNS.c.name == "runs/a").values(state=3)
    waiting = []
    with hold_writes():
        for statement, parameters in (
            (insert(RUNS), run),
            (INSERT, row(1)),
            (INSERT, row(2)),
            (ended, {}),
            (delete(EVENTS).where(EVENTS.c.sequence == 1), {}),
            (INSERT, row(1)),
        ):
            waiting.append(asyncio.ensure_future(database.commit(statement, parameters)))
        await asyncio.sleep(0)
    await asyncio.gather(*waiting)
    assert sequences(path) == [1, 2]
    assert await database.read(lambda connection: connection.execute(select(RUNS.c.state)).scalar_one()) == 3


async def test_a_failed_commit_is_told_to_all_who_wait(
    database: Database, path: Path, metrics: ControllerMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE events")
    outcomes = await write_all(database, [row(sequence) for sequence in range(50)])
    assert len(outcomes) == 50
    for error in outcomes:
        assert isinstance(error, UnavailableError)
        assert (error.reason, "no such table: events" in error.message) == ("STORAGE_UNAVAILABLE", True)
    with pytest.raises(UnavailableError, match="cannot be used now"):
        await database.commit(INSERT, row(1))
    assert failures(metrics) >= 2
    assert commits(metrics) == writes(metrics) == 0
    assert "writes failed" in caplog.text


async def test_the_writer_goes_on_after_a_failure(database: Database, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        (made,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'events'").fetchone()
        connection.execute("DROP TABLE events")
        with pytest.raises(UnavailableError):
            await database.commit(INSERT, row(1))
        connection.execute(made)
    await database.commit(INSERT, row(2))
    assert sequences(path) == [2]


async def test_a_database_that_cannot_be_written(open_database: OpenDatabase, path: Path) -> None:
    first = open_database()
    await first.commit(INSERT, row(1))
    await first.close()
    second = open_database(f"sqlite:///file:{path}?mode=ro&uri=true")
    assert await second.read(lambda connection: connection.execute(COUNT).scalar_one()) == 1
    with pytest.raises(UnavailableError, match="readonly database"):
        await second.commit(INSERT, row(2))


async def test_a_write_that_breaks_a_rule_fails_alone(
    database: Database,
    hold_writes: HoldWrites,
    path: Path,
    metrics: ControllerMetrics,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await database.commit(INSERT, row(7))
    with hold_writes():
        writing = asyncio.ensure_future(write_all(database, [row(sequence) for sequence in range(20)]))
        await asyncio.sleep(0)
    outcomes = await writing
    assert [number for number, error in enumerate(outcomes) if error is not None] == [7]
    assert isinstance(outcomes[7], InternalError)
    assert "UNIQUE" not in outcomes[7].message
    assert "UNIQUE" in caplog.text
    assert sequences(path) == list(range(20))
    assert failures(metrics) >= 1


async def test_what_a_driver_raises_itself_does_not_end_the_writer(
    database: Database, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outcomes = await write_all(database, [row(1), row(2**70), row(3)])
    assert [error is None for error in outcomes] == [True, False, True]
    assert "OverflowError" in caplog.text
    await database.commit(INSERT, row(4))
    assert sequences(path) == [1, 3, 4]


async def test_who_no_longer_waits_is_not_told(database: Database, hold_writes: HoldWrites, path: Path) -> None:
    with hold_writes():
        waiting = asyncio.ensure_future(database.commit(INSERT, row(1)))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    await database.commit(INSERT, row(2))
    assert sequences(path) == [1, 2]


async def test_close_commits_what_is_queued(path: Path, metrics: ControllerMetrics) -> None:
    database = Database(f"sqlite:///{path}", metrics)
    outcomes: list[OrchestrionError | None] = []
    for sequence in range(2_500):
        database.write(INSERT, row(sequence), outcomes.append)
    await database.close()
    assert outcomes == [None] * 2_500
    assert sequences(path) == list(range(2_500))


async def test_reads_go_on_while_a_write_waits(database: Database, hold_writes: HoldWrites) -> None:
    await database.commit(INSERT, row(1))
    with hold_writes():
        waiting = asyncio.ensure_future(database.commit(INSERT, row(2)))
        await asyncio.sleep(0)
        assert await database.read(lambda connection: connection.execute(COUNT).scalar_one()) == 1
    await waiting


@pytest.mark.parametrize(("synchronous", "number"), [("normal", 1), ("full", 2)])
async def test_sqlite_is_set_up(open_database: OpenDatabase, synchronous: str, number: int) -> None:
    database = open_database(synchronous=synchronous)
    assert database.dialect == "sqlite"
    for pragma, expected in (("journal_mode", "wal"), ("synchronous", number), ("busy_timeout", 10_000)):
        query = text(f"PRAGMA {pragma}")
        setting = await database.read(lambda connection, query=query: connection.execute(query).scalar_one())  # type: ignore[misc]  # Lambdas with defaults are not inferred.
        assert setting == expected


async def test_a_database_is_opened_again(open_database: OpenDatabase, path: Path) -> None:
    for number in (1, 2):
        database = open_database()
        await database.commit(INSERT, row(number))
        await database.close()
    assert sequences(path) == [1, 2]
    with closing(sqlite3.connect(path)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert tables == {*METADATA.tables, "alembic_version"}


@pytest.mark.parametrize(
    "url", ["", "nonsense", "nothing://x", "sqlite:////no/such/folder/test.sqlite3", "postgresql+nothing://x/y"]
)
async def test_a_database_that_cannot_be_opened(url: str, metrics: ControllerMetrics) -> None:
    with pytest.raises(FailedPreconditionError, match=r"^database_url: cannot open the database: ") as caught:
        Database(url, metrics)
    assert caught.value.reason == "NOT_CONFIGURED"


async def test_a_second_controller_is_refused_while_the_first_lives(
    open_database: OpenDatabase, metrics: ControllerMetrics, path: Path
) -> None:
    first = open_database()
    with pytest.raises(
        FailedPreconditionError, match=rf"process {os.getpid()} uses the database {path}; stop it, or .* --database-url"
    ):
        open_database()
    await first.commit(INSERT, row(1))
    await first.close()
    assert sequences(path) == [1]
    await open_database().commit(INSERT, row(2))


async def test_a_lock_that_another_process_holds_for_long_is_waited_for_and_then_named(
    open_database: OpenDatabase, hold_writes: HoldWrites, path: Path
) -> None:
    database = open_database(retry_s=0.2)
    with hold_writes():
        with pytest.raises(UnavailableError, match=f"Another process holds {path} locked") as caught:
            await database.commit(INSERT, row(1))
        assert caught.value.reason == "STORAGE_UNAVAILABLE"
        assert database.problem == caught.value.message
    await database.commit(INSERT, row(2))
    assert (database.problem, sequences(path)) == ("", [2])


async def test_a_lock_that_ends_in_time_costs_nothing(
    open_database: OpenDatabase,
    hold_writes: HoldWrites,
    path: Path,
    metrics: ControllerMetrics,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # SQLite itself gives up at once, so that the writer has to try again.
    monkeypatch.setattr("orchestrion_controller.database.engines._MOST_BUSY_S", 0.0)
    database = open_database(retry_s=60.0)
    with hold_writes():
        writing = asyncio.ensure_future(write_all(database, [row(1), row(2)]))
        await seen(lambda: bool(database.problem))
    assert await writing == [None, None]
    assert (database.problem, sequences(path)) == ("", [1, 2])
    assert failures(metrics) >= 1


async def test_a_file_that_is_no_database(path: Path, metrics: ControllerMetrics) -> None:
    path.write_bytes(b"not a database, " * 100)
    with pytest.raises(FailedPreconditionError, match="not a database"):
        Database(f"sqlite:///{path}", metrics)
