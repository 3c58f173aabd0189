"""A real database in a folder of the test's own, and a clock that the test moves."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from orchestrion_controller.database.database import Database
from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_controller.runs.journal import Journal
from tests.postgres import PostgresCluster, running_cluster

HoldWrites = Callable[[], AbstractContextManager[None]]


class Clock:
    """The event loop's clock, stopped. What is due after some time comes when the test moves it, however slow it is."""

    def __init__(self, now: float) -> None:
        self.now = now

    def time(self) -> float:
        return self.now

    async def advance(self, seconds: float) -> None:
        """Moves the clock and lets everything run that is due by then."""
        self.now += seconds
        for _ in range(3):
            await asyncio.sleep(0)


async def seen(look: Callable[[], bool]) -> None:
    """Waits until what another thread does can be seen."""
    async with asyncio.timeout(20):
        while not look():  # noqa: ASYNC110  # Nothing tells of it.
            await asyncio.sleep(0.01)


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Stops the clock: a test of 20 ms or of a lease cannot rely on how fast the machine is just now."""
    loop = asyncio.get_running_loop()
    clock = Clock(loop.time())
    monkeypatch.setattr(loop, "time", clock.time)
    return clock


@pytest.fixture
def metrics() -> ControllerMetrics:
    return ControllerMetrics()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The database's file."""
    return tmp_path / "test.sqlite3"


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresCluster]:
    """A server of PostgreSQL, one for all tests."""
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest, path: Path) -> str:
    """The URL of an empty database: of SQLite, and of PostgreSQL in the modules that have this fixture twice."""
    if request.param == "sqlite":
        return f"sqlite:///{path}"
    cluster: PostgresCluster = request.getfixturevalue("postgres")
    return cluster.new_database()


@pytest.fixture
async def database(database_url: str, metrics: ControllerMetrics) -> AsyncIterator[Database]:
    database = Database(database_url, metrics)
    yield database
    await database.close()


@pytest.fixture
def journal(database: Database) -> Journal:
    return Journal(database)


@pytest.fixture
def hold_writes(database_url: str, path: Path) -> HoldWrites:
    """Holds the database's lock for as long as a context lasts, so that what is written meanwhile has to wait."""

    @contextmanager
    def hold() -> Iterator[None]:
        if not database_url.startswith("sqlite"):
            with psycopg.connect(database_url) as connection:
                connection.execute("LOCK TABLE runs, events, artifacts IN EXCLUSIVE MODE")
                yield
                connection.rollback()
            return
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")

    return hold
