"""Access to the database: one writer with group commit, and reads on threads.

Writes from all over the controller are queued to one thread, which commits whatever waits as one transaction: under
load a hundred events cost one commit, and nobody waits for a lock. An event loop never touches the disk.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy import Connection, Delete, Engine, Insert, create_engine, event, text
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.sql import Executable

from orchestrion.errors import OrchestrionError, Reason
from orchestrion_controller.database import versions
from orchestrion_controller.metrics import ControllerMetrics

_log = logging.getLogger(__name__)

T = TypeVar("T")
Done = Callable[[OrchestrionError | None], None]

_LARGEST_GROUP: Final = 1_000
_CLOSE: Final = None
_TRY_AGAIN_S: Final = 1.0
"""How long after a failed write it is tried whether the database takes one again, in seconds."""


@dataclass(frozen=True, slots=True)
class _Write:
    statement: Executable
    parameters: Mapping[str, object]
    done: Done


class Database:
    """The database of one controller process."""

    def __init__(self, url: str, metrics: ControllerMetrics, *, synchronous: str = "normal") -> None:
        """Opens the database, brings its tables up to date, and starts the writer's thread.

        Args:
            url: An SQLAlchemy URL.
            metrics: Where commits are counted and timed.
            synchronous: SQLite's setting, `normal` or `full`.

        Raises:
            FailedPreconditionError: The database cannot be opened, or a newer release wrote it.
        """
        self._metrics = metrics
        self._engine = _open(url, synchronous)
        metrics.database_size.set_function(self.size_bytes)
        self.problem = ""
        """Why the database takes no writes now, as a sentence; empty while it does. May be read on any thread."""
        self._queue: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._write_groups, name="database-writer", daemon=True)
        self._thread.start()

    @property
    def dialect(self) -> str:
        """The kind of database, such as `sqlite`."""
        return self._engine.dialect.name

    def size_bytes(self) -> int:
        """Returns the size of the database on disk; may be called on any thread. 0 where it cannot be told."""
        if self.dialect == "sqlite":
            path = self._engine.url.database or ""
            return sum(file.stat().st_size for end in ("", "-wal") if (file := Path(path + end)).is_file())
        if self.dialect != "postgresql":
            return 0
        with self._engine.connect() as connection:
            return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())

    def write(self, statement: Executable, parameters: Mapping[str, object], done: Done) -> None:
        """Queues one statement; `done` is called on the event loop with None after the commit, or with the error.

        Statements are carried out in the order in which they were queued, but within one commit inserts may go before
        updates.
        """
        self._queue.put(_Write(statement, parameters, done))

    async def commit(self, statement: Executable, parameters: Mapping[str, object]) -> None:
        """Carries out one statement and waits until it is committed.

        Raises:
            ResourceExhaustedError: The disk is full, or the database takes no writes for another reason.
            InternalError: The database refused this write.
        """
        future: asyncio.Future[None] = self._loop.create_future()

        def done(error: OrchestrionError | None) -> None:
            if future.done():
                return
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

        self.write(statement, parameters, done)
        await future

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Runs a query on a thread of its own and returns what it returns."""

        def work() -> T:
            with self._engine.connect() as connection:
                return query(connection)

        return await asyncio.to_thread(work)

    async def close(self) -> None:
        """Commits what is queued and closes the database."""
        self._queue.put(_CLOSE)
        await asyncio.to_thread(self._thread.join)
        self._engine.dispose()

    def _write_groups(self) -> None:
        open_ = True
        while open_:
            group: list[_Write] = []
            item = self._next()
            while item is not _CLOSE:
                group.append(item)
                if len(group) >= _LARGEST_GROUP or self._queue.empty():
                    break
                item = self._queue.get()
            else:
                open_ = False
            if group:
                failure = self._commit(group)
                if failure is not None and failure.reason != Reason.STORAGE_FULL.name and len(group) > 1:
                    # One write that violates a constraint must not fail the others of its transaction.
                    for write in group:
                        self._loop.call_soon_threadsafe(_tell, [write], self._commit([write]))
                else:
                    self._loop.call_soon_threadsafe(_tell, group, failure)

    def _next(self) -> _Write | None:
        """Waits for a write; while the database takes none, it is tried once a second whether it does again."""
        while self.problem:
            try:
                return self._queue.get(timeout=_TRY_AGAIN_S)
            except queue.Empty:
                self._try_again()
        return self._queue.get()

    def _try_again(self) -> None:
        try:
            with self._engine.begin() as connection:
                if self.dialect == "sqlite":
                    # Writing the number that is there already is a write to the disk all the same.
                    number = int(connection.execute(text("PRAGMA user_version")).scalar_one())
                    connection.execute(text(f"PRAGMA user_version = {number}"))
                else:
                    connection.execute(text("SELECT pg_current_xact_id()"))
        except Exception:  # Drivers raise more than SQLAlchemy wraps.
            _log.info("the database takes no writes yet")
        else:
            self.problem = ""

    def _commit(self, group: Sequence[_Write]) -> OrchestrionError | None:
        started = time.perf_counter()
        try:
            with self._engine.begin() as connection:
                for statement, parameters in _by_statement(group):
                    connection.execute(statement, parameters)
        except Exception as error:  # Drivers raise more than SQLAlchemy wraps, and this thread must go on.
            _log.error("a group of %d writes failed: %r", len(group), error)
            self._metrics.journal_failures.inc()
            failure = _write_failed(error)
            if failure.reason == Reason.STORAGE_FULL.name:
                self.problem = failure.message
            return failure
        self.problem = ""
        self._metrics.journal_commit_seconds.observe(time.perf_counter() - started)
        self._metrics.journal_writes.inc(len(group))
        return None


def _by_statement(group: Sequence[_Write]) -> list[tuple[Executable, list[dict[str, object]]]]:
    """Groups writes by statement: inserts first, then the updates of the inserted rows.

    No write is moved across a deletion.
    """
    statements: list[tuple[Executable, list[dict[str, object]]]] = []
    for _, section in groupby(group, key=lambda write: isinstance(write.statement, Delete)):
        batches: dict[int, tuple[Executable, list[dict[str, object]]]] = {}
        for write in section:
            batches.setdefault(id(write.statement), (write.statement, []))[1].append(dict(write.parameters))
        statements += sorted(batches.values(), key=lambda batch: not isinstance(batch[0], Insert))
    return statements


def _tell(group: Sequence[_Write], failure: OrchestrionError | None) -> None:
    for write in group:
        write.done(failure)


def _write_failed(error: Exception) -> OrchestrionError:
    if not isinstance(error, OperationalError):
        return Reason.INTERNAL.error("The controller's database refused a write; the controller's log has the details.")
    origin = error.orig or error
    return Reason.STORAGE_FULL.error(f"The controller's database did not take a write: {origin}. Free disk space.")


def _open(url: str, synchronous: str) -> Engine:
    try:
        engine = create_engine(url)
        if engine.dialect.name == "sqlite":
            _tune_sqlite(engine, synchronous)
        versions.prepare(engine)
    except (SQLAlchemyError, ImportError, versions.NewerSchemaError) as error:
        raise Reason.NOT_CONFIGURED.error(f"database_url: cannot open the database: {error}") from error
    return engine


def _tune_sqlite(engine: Engine, synchronous: str) -> None:
    @event.listens_for(engine, "connect")
    def set_pragmas(connection: sqlite3.Connection, _: object) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute(f"PRAGMA synchronous={synchronous}")
        cursor.execute("PRAGMA busy_timeout=10000")
        cursor.close()
