"""The one writer: a thread that commits whatever waits as one transaction, and tries again where trouble passes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from sqlalchemy import Connection, Delete, Engine, Insert, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import Executable

from orchestrion.errors import OrchestrionError
from orchestrion_controller.database.engines import file_of
from orchestrion_controller.database.failures import failure_of, may_end
from orchestrion_controller.database.ownership import lock_session
from orchestrion_controller.metrics import ControllerMetrics

_log = logging.getLogger(__name__)

Done = Callable[[OrchestrionError | None], None]

_LARGEST_GROUP: Final = 1_000
_CLOSE: Final = None
_TRY_AGAIN_S: Final = 1.0
"""How long after a failed write it is tried whether the database takes one again, in seconds."""
_FIRST_PAUSE_S: Final = 0.05
_LONGEST_PAUSE_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Write:
    """One statement that is to be carried out."""

    statement: Executable
    """The statement."""
    parameters: Mapping[str, object]
    """Its parameters."""
    done: Done
    """Called on the event loop with None after the commit, or with the error."""
    following: tuple[Executable, ...] = ()
    """Statements of the same kind and with the same parameters, carried out after it in the same transaction."""


class GroupWriter:
    """Writes from all over the controller, carried out by one thread over one connection."""

    def __init__(
        self, engine: Engine, metrics: ControllerMetrics, loop: asyncio.AbstractEventLoop, retry_s: float
    ) -> None:
        """Takes the database for this process; `start` starts the thread.

        Args:
            engine: The database.
            metrics: Where commits are counted and timed.
            loop: The event loop on which writes are told.
            retry_s: How long a write is tried again while the database is away or locked, in seconds.

        Raises:
            InUseError: Another controller uses the database.
            SQLAlchemyError: It cannot be reached.
        """
        self._engine = engine
        self._place = file_of(engine)
        self._metrics = metrics
        self._loop = loop
        self._retry_s = retry_s
        self._connection: Connection | None = None
        self._failing_since: float | None = None
        self._closing = threading.Event()
        self.problem = ""
        """Why the database takes no writes now, as a sentence; empty while it does. May be read on any thread."""
        self._queue: queue.SimpleQueue[Write | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write_groups, name="database-writer", daemon=True)
        self._connect()

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    @property
    def has_given_up(self) -> bool:
        """Whether the database has been failing for so long that nothing waits for it any more."""
        since = self._failing_since
        return since is not None and time.monotonic() - since >= self._retry_s

    def put(self, write: Write) -> None:
        """Queues a write."""
        self._queue.put(write)

    def close(self) -> None:
        """Commits what is queued and ends the thread; while the database is away each write is tried once."""
        self._closing.set()
        self._queue.put(_CLOSE)
        if self._thread.ident is not None:
            self._thread.join()
        self._disconnect()

    def _write_groups(self) -> None:
        open_ = True
        while open_:
            group: list[Write] = []
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
                if failure is not None and not may_end(failure) and len(group) > 1:
                    # One write that violates a constraint must not fail the others of its transaction.
                    for write in group:
                        self._loop.call_soon_threadsafe(_tell, [write], self._commit([write]))
                else:
                    self._loop.call_soon_threadsafe(_tell, group, failure)

    def _next(self) -> Write | None:
        """Waits for a write; while the database takes none, it is tried once a second whether it does again."""
        while self.problem:
            try:
                return self._queue.get(timeout=_TRY_AGAIN_S)
            except queue.Empty:
                self._try_again()
        return self._queue.get()

    def _try_again(self) -> None:
        try:
            connection = self._connect()
            with connection.begin():
                if self._engine.dialect.name == "sqlite":
                    # Writing the number that is there already is a write to the disk all the same.
                    number = int(connection.execute(text("PRAGMA user_version")).scalar_one())
                    connection.execute(text(f"PRAGMA user_version = {number}"))
                else:
                    connection.execute(text("SELECT pg_current_xact_id()"))
        except Exception as error:  # Drivers raise more than SQLAlchemy wraps.
            self._disconnect()
            self.problem = failure_of(error, self._place).error.message
            _log.info("the database takes no writes yet")
        else:
            self._recover()

    def _commit(self, group: Sequence[Write]) -> OrchestrionError | None:
        """Commits a group, again and again while what is in the way may pass; returns why it was not committed."""
        pause_s, is_retry = _FIRST_PAUSE_S, False
        while True:
            started = time.perf_counter()
            try:
                connection = self._connect()
                with connection.begin():
                    for statement, parameters in _by_statement(group):
                        connection.execute(self._repeatable(statement) if is_retry else statement, parameters)
            except Exception as error:  # Drivers raise more than SQLAlchemy wraps, and this thread must go on.
                _log.error("a group of %d writes failed: %r", len(group), error)
                self._metrics.journal_failures.inc()
                self._disconnect()
                failure = failure_of(error, self._place)
                if may_end(failure.error):
                    self.problem = failure.error.message
                    self._failing_since = self._failing_since or time.monotonic()
                if not failure.is_passing or self.has_given_up or self._closing.wait(pause_s * random.uniform(0.5, 1)):
                    return failure.error
                # The connection may have broken after the commit, and before its answer.
                pause_s, is_retry = min(2 * pause_s, _LONGEST_PAUSE_S), True
            else:
                self._recover()
                self._metrics.journal_commit_seconds.observe(time.perf_counter() - started)
                self._metrics.journal_writes.inc(len(group))
                return None

    def _repeatable(self, statement: Executable) -> Executable:
        """Returns a statement that may have been carried out before; updates and deletions are that as they are.

        A row that has the key is the one that was to be inserted: there is no other writer.
        """
        if type(statement) is not Insert:
            return statement
        make = sqlite.insert if self._engine.dialect.name == "sqlite" else postgresql.insert
        return make(statement.table).on_conflict_do_nothing(index_elements=list(statement.table.primary_key))

    def _recover(self) -> None:
        self.problem = ""
        self._failing_since = None

    def _connect(self) -> Connection:
        """Returns the writer's connection; a new one of PostgreSQL first takes the lock of the one that broke."""
        if self._connection is None:
            connection = self._engine.connect()
            try:
                if self._engine.dialect.name == "postgresql":
                    lock_session(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _disconnect(self) -> None:
        """Ends the connection, whose state is not certain after an error."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):  # It may be broken.
                connection.invalidate()
                connection.close()


def _by_statement(group: Sequence[Write]) -> list[tuple[Executable, list[dict[str, object]]]]:
    """Groups writes by statement: inserts first, then the updates of the inserted rows.

    No write is moved across a deletion.
    """
    statements: list[tuple[Executable, list[dict[str, object]]]] = []
    for _, section in groupby(group, key=lambda write: isinstance(write.statement, Delete)):
        batches: dict[int, tuple[Executable, list[dict[str, object]]]] = {}
        for write in section:
            for statement in (write.statement, *write.following):
                batches.setdefault(id(statement), (statement, []))[1].append(dict(write.parameters))
        statements += sorted(batches.values(), key=lambda batch: not isinstance(batch[0], Insert))
    return statements


def _tell(group: Sequence[Write], failure: OrchestrionError | None) -> None:
    for write in group:
        write.done(failure)
