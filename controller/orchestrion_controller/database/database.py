"""Access to the database: one writer with group commit, and reads on threads.

Writes from all over the controller are queued to one thread, which commits whatever waits as one transaction: under
load a hundred events cost one commit, and nobody waits for a lock. An event loop never touches the disk.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import time
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.sql import Executable

from orchestrion.errors import OrchestrionError
from orchestrion_controller.database import versions
from orchestrion_controller.database.engines import file_of, not_opened, open_engine
from orchestrion_controller.database.failures import failure_of
from orchestrion_controller.database.ownership import FileLock, InUseError
from orchestrion_controller.database.writer import Done, GroupWriter, Write
from orchestrion_controller.metrics import ControllerMetrics

_log = logging.getLogger(__name__)

T = TypeVar("T")

_FIRST_PAUSE_S: Final = 0.05
_LONGEST_PAUSE_S: Final = 1.0


class Database:
    """The database of one controller process."""

    def __init__(
        self, url: str, metrics: ControllerMetrics, *, synchronous: str = "normal", retry_s: float = 30.0
    ) -> None:
        """Opens the database, brings its tables up to date, and starts the writer's thread.

        Args:
            url: An SQLAlchemy URL.
            metrics: Where commits are counted and timed.
            synchronous: SQLite's setting, `normal` or `full`.
            retry_s: How long reads and writes are tried again while the database is away or locked, in seconds.

        Raises:
            FailedPreconditionError: The database cannot be opened, another controller uses it, or a newer release
                wrote it.
        """
        self._retry_s = retry_s
        self._loop = asyncio.get_running_loop()
        self._engine = open_engine(url, synchronous, retry_s)
        self._place = file_of(self._engine)
        self._lock: FileLock | None = None
        self._size_bytes = 0
        try:
            if self._place is not None and self._place.parent.is_dir():
                lock = self._place.with_name(f"{self._place.name}.lock")
                self._lock = FileLock(lock, f"the database {self._place}", "--database-url")
            self._writer = self._opened(metrics)
        except (SQLAlchemyError, ImportError, InUseError, versions.NewerSchemaError) as error:
            self._release()
            # An error of SQLAlchemy ends with a link to its page, and with the statement.
            why = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
            raise not_opened(" ".join(str(why).split())) from error
        self._writer.start()
        metrics.database_size.set_function(self.size_bytes)

    @property
    def dialect(self) -> str:
        """The kind of database, such as `sqlite`."""
        return self._engine.dialect.name

    @property
    def problem(self) -> str:
        """Why the database takes no writes now, as a sentence; empty while it does. May be read on any thread."""
        return self._writer.problem

    def size_bytes(self) -> int:
        """Returns the size of the database on disk; may be called on any thread. What it was last, while it is away."""
        if self.dialect == "sqlite":
            path = self._engine.url.database or ""
            files = (path, f"{path}-wal")
            self._size_bytes = sum(_size(file) for file in files)
        elif not self.problem:
            try:
                with self._engine.connect() as connection:
                    size = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
                    self._size_bytes = int(size)
            except SQLAlchemyError:
                _log.info("the size of the database cannot be told")
        return self._size_bytes

    def write(self, statement: Executable, parameters: Mapping[str, object], done: Done) -> None:
        """Queues one statement; `done` is called on the event loop with None after the commit, or with the error.

        Statements are carried out in the order in which they were queued, but within one commit inserts may go before
        updates.
        """
        self._writer.put(Write(statement, parameters, done))

    async def commit(self, statement: Executable, parameters: Mapping[str, object], *following: Executable) -> None:
        """Carries out a statement and waits until it is committed.

        `following` are statements of the same kind (all deletions, for example) with the same parameters, which are
        carried out after it in the same transaction.

        Raises:
            ResourceExhaustedError: The disk is full.
            UnavailableError: The database cannot be used, for longer than writes are tried again.
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

        self._writer.put(Write(statement, parameters, done, following))
        await future

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Runs a query on a thread of its own and returns what it returns.

        Raises:
            UnavailableError: The database cannot be used, for longer than reads are tried again.
        """

        def work() -> T:
            with self._engine.connect() as connection:
                return query(connection)

        pause_s, until = _FIRST_PAUSE_S, time.monotonic() + self._retry_s
        while True:
            try:
                return await asyncio.to_thread(work)
            except SQLAlchemyError as error:
                failure = failure_of(error, self._place)
                if not failure.is_passing or self._writer.has_given_up or time.monotonic() > until:
                    _log.error("a query failed: %r", error)
                    raise failure.error from error
            await asyncio.sleep(pause_s * random.uniform(0.5, 1))
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def close(self) -> None:
        """Commits what is queued and closes the database."""
        await asyncio.to_thread(self._writer.close)
        self._release()

    def _opened(self, metrics: ControllerMetrics) -> GroupWriter:
        """Takes the database and prepares its tables; a server that just starts is waited for."""
        pause_s, until = _FIRST_PAUSE_S, time.monotonic() + self._retry_s
        while True:
            try:
                writer = GroupWriter(self._engine, metrics, self._loop, self._retry_s)
                try:
                    versions.prepare(self._engine)
                except BaseException:
                    writer.close()
                    raise
                return writer
            except DBAPIError as error:
                if not failure_of(error, self._place).is_passing or time.monotonic() > until:
                    raise
                _log.warning("waits for the database: %s", " ".join(str(error.orig).split()))
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _release(self) -> None:
        self._engine.dispose()
        if self._lock is not None:
            self._lock.release()


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
