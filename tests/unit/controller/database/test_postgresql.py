"""A real PostgreSQL: its tables, one controller a database, and what a restart or a broken session costs: nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import psycopg
import pytest
from alembic import autogenerate
from alembic.runtime.migration import MigrationContext
from sqlalchemy import insert, text

from orchestrion.errors import FailedPreconditionError, OrchestrionError, UnavailableError
from orchestrion_controller.config import ControllerConfig
from orchestrion_controller.database import versions
from orchestrion_controller.database.database import Database
from orchestrion_controller.database.engines import open_engine
from orchestrion_controller.database.schema import EVENTS, METADATA
from orchestrion_controller.metrics import ControllerMetrics
from tests.postgres import PostgresCluster
from tests.unit.controller.conftest import seen

INSERT = insert(EVENTS)

OpenDatabase = Callable[..., Database]


@pytest.fixture
def url(postgres: PostgresCluster) -> str:
    return postgres.new_database()


@pytest.fixture
async def open_database(url: str, metrics: ControllerMetrics) -> AsyncIterator[OpenDatabase]:
    opened: list[Database] = []

    def open_(**settings: Any) -> Database:
        database = Database(url, metrics, **settings)
        opened.append(database)
        return database

    yield open_
    for database in opened:
        await database.close()


def row(sequence: int) -> dict[str, object]:
    return {"run": "runs/a", "sequence": sequence, "event": b"%d" % sequence}


def sequences(url: str) -> list[int]:
    """Reads what is written, by a session that the database knows nothing of."""
    with psycopg.connect(url) as connection:
        return [number for (number,) in connection.execute("SELECT sequence FROM events ORDER BY sequence")]


async def test_the_steps_make_the_tables_that_the_code_makes_at_once(postgres: PostgresCluster) -> None:
    for is_stepped in (False, True):
        engine = open_engine(postgres.new_database(), "normal", 1.0)
        if is_stepped:
            with engine.begin() as connection:
                versions.migrate(connection, "")
        versions.prepare(engine)
        with engine.connect() as connection:
            assert autogenerate.compare_metadata(MigrationContext.configure(connection), METADATA) == []
            assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == versions.HEAD
        engine.dispose()


async def test_what_is_written_is_there_when_the_database_is_opened_again(
    open_database: OpenDatabase, url: str
) -> None:
    first = open_database()
    await asyncio.gather(*(first.commit(INSERT, row(number)) for number in range(1, 101)))
    assert first.size_bytes() > 1_000_000
    await first.close()
    assert sequences(url) == list(range(1, 101))
    await open_database().commit(INSERT, row(101))
    assert sequences(url)[-1] == 101


async def test_a_second_controller_is_refused_while_the_first_lives(
    open_database: OpenDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrion_controller.database.ownership._WAIT_S", 0.05)
    first = open_database()
    with pytest.raises(FailedPreconditionError, match=r"another controller \(from .*, since .*\) uses it; stop that"):
        open_database()
    await first.close()
    await open_database().commit(INSERT, row(1))


async def test_a_server_that_restarts_under_load_costs_no_write(
    open_database: OpenDatabase, postgres: PostgresCluster, url: str
) -> None:
    database = open_database()
    outcomes: list[OrchestrionError | None] = []
    is_writing = True

    async def write() -> None:
        number = 0
        while is_writing:
            number += 1
            database.write(INSERT, row(number), outcomes.append)
            await asyncio.sleep(0.001)
        await database.commit(INSERT, row(number + 1))

    writing = asyncio.ensure_future(write())
    await seen(lambda: len(outcomes) > 20)
    postgres.stop()
    await seen(lambda: bool(database.problem))
    assert "See that PostgreSQL runs" in database.problem
    # Scrapes of the metrics go on meanwhile, and so do reads once the server is back.
    assert database.size_bytes() >= 0
    reading = asyncio.ensure_future(database.read(lambda connection: connection.execute(text("SELECT 1")).scalar_one()))
    postgres.start()
    assert await reading == 1
    is_writing = False
    await writing
    assert set(outcomes) == {None}
    assert database.problem == ""
    assert sequences(url) == list(range(1, len(outcomes) + 2))


async def test_a_server_that_stays_away_is_named_and_taken_up_when_it_is_back(
    open_database: OpenDatabase, postgres: PostgresCluster, url: str
) -> None:
    database = open_database(retry_s=0.2)
    await database.commit(INSERT, row(1))
    postgres.stop()
    try:
        for number in (2, 3):
            with pytest.raises(UnavailableError, match=r"cannot be used now: .* See that PostgreSQL runs") as caught:
                await database.commit(INSERT, row(number))
            assert (caught.value.reason, caught.value.retry_after_ms) == ("STORAGE_UNAVAILABLE", 1_000)
        with pytest.raises(UnavailableError):
            await database.read(lambda connection: connection.execute(text("SELECT 1")).scalar_one())
    finally:
        postgres.start()
    await database.commit(INSERT, row(4))
    assert sequences(url) == [1, 4]


async def test_a_session_that_broke_after_its_commit_writes_nothing_twice(
    open_database: OpenDatabase, url: str
) -> None:
    database = open_database()
    waiting = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with psycopg.connect(url) as first, psycopg.connect(url, autocommit=True) as watch:
        # Stands for the writer's own transaction, of which it never hears that it was committed.
        first.execute("INSERT INTO events (run, sequence, event) VALUES ('runs/a', 1, '1')")
        writing = asyncio.gather(*(database.commit(INSERT, row(number)) for number in (1, 2)))
        writers = [await waiting_session(watch, waiting, 0)]
        watch.execute("SELECT pg_terminate_backend(%s)", writers)
        await waiting_session(watch, waiting, writers[0])
        first.commit()
    assert await writing == [None, None]
    assert sequences(url) == [1, 2]


async def waiting_session(watch: psycopg.Connection[Any], waiting: str, other_than: int) -> int:
    """Waits until a session waits for a lock, and returns its process."""
    while True:
        session = watch.execute(f"SELECT pid {waiting} AND pid <> {other_than}".encode()).fetchone()
        if session:
            return int(session[0])
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("password", ["hunter2", "hun/ter2", "hun@ter2", "hun:ter2", "%68unter2"])
async def test_no_error_repeats_a_password(
    password: str, metrics: ControllerMetrics, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"postgresql://somebody:{password}@127.0.0.1:1/name"
    with pytest.raises(FailedPreconditionError, match=r"^database_url: ") as caught:
        Database(url, metrics, retry_s=0.0)
    assert "ter2" not in caught.value.message + caplog.text
    assert "ter2" not in repr(ControllerConfig(database_url=url))
