"""What a driver's error means: a full disk, a database that cannot be used just now, or a statement that it refused."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from orchestrion.errors import OrchestrionError, Reason
from orchestrion_controller.database.ownership import InUseError

_FULL_BYTES: Final = 1 << 20
"""A disk with less room than this is full, whatever else the driver says of a write, in bytes."""
_LOCKED: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_UNWRITABLE: Final = frozenset(
    {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}
)
_SQLSTATE_FULL: Final = "53100"
_SQLSTATES_PASSING: Final = (
    "08",  # The connection broke.
    "25006",  # A standby, before it is promoted.
    "40",  # Another transaction was in the way.
    "53",  # Too many connections, or too little memory.
    "55P03",  # A lock was held too long.
    "57P",  # The server stops, starts, or recovers.
)
"""How the codes of PostgreSQL's errors begin that pass by themselves."""


@dataclass(frozen=True, slots=True)
class StatementFailure:
    """Why a statement was not carried out."""

    error: OrchestrionError
    """What callers are told."""
    is_passing: bool = False
    """Whether the same statement may succeed in a moment, when nobody does anything."""


def may_end(error: OrchestrionError) -> bool:
    """Whether a write that failed with this error may succeed later, unchanged, once somebody has seen to it."""
    return error.reason in {Reason.STORAGE_FULL.name, Reason.STORAGE_UNAVAILABLE.name}


def failure_of(error: Exception, place: Path | None) -> StatementFailure:
    """Says what an error of a driver, or of SQLAlchemy, means.

    Args:
        error: The error.
        place: The file of the database; None where it is elsewhere.
    """
    if isinstance(error, InUseError):
        return StatementFailure(_unavailable(str(error), ""), is_passing=True)
    if isinstance(error, PoolTimeoutError):
        return StatementFailure(_unavailable("no connection to it became free", "Try again."), is_passing=True)
    if not isinstance(error, DBAPIError) or error.orig is None:
        return StatementFailure(_refused())
    if isinstance(error.orig, sqlite3.Error):
        return _sqlite(error.orig, place)
    return _postgresql(error)


def _sqlite(origin: sqlite3.Error, place: Path | None) -> StatementFailure:
    if not isinstance(origin, sqlite3.OperationalError):
        return StatementFailure(_refused())
    code = getattr(origin, "sqlite_errorcode", 0) & 0xFF
    if code in _LOCKED:
        cure = f"Another process holds {place or 'it'} locked: end that process, or wait for it."
        return StatementFailure(_unavailable(str(origin), cure), is_passing=True)
    if code == sqlite3.SQLITE_FULL or (place is not None and _is_full(place)):
        return StatementFailure(_full(str(origin)))
    if code in _UNWRITABLE and place is not None:
        return StatementFailure(_unavailable(str(origin), f"See that {place.parent} can be read and written."))
    return StatementFailure(_unavailable(str(origin), "The controller's log has the statement."))


def _postgresql(error: DBAPIError) -> StatementFailure:
    state = getattr(error.orig, "sqlstate", None) or ""
    text = " ".join(str(error.orig).split())
    if state == _SQLSTATE_FULL:
        return StatementFailure(_full(text))
    away = error.connection_invalidated or (not state and isinstance(error, OperationalError))
    if away or state.startswith(_SQLSTATES_PASSING):
        failure = _unavailable(text, "See that PostgreSQL runs and can be reached.")
        return StatementFailure(failure, is_passing=True)
    if isinstance(error, OperationalError):
        return StatementFailure(_unavailable(text, "PostgreSQL's log says more."))
    return StatementFailure(_refused())


def _is_full(place: Path) -> bool:
    try:
        return shutil.disk_usage(place.parent).free < _FULL_BYTES
    except OSError:
        return False


def _full(text: str) -> OrchestrionError:
    return Reason.STORAGE_FULL.error(f"The controller's database did not take a write: {text}. Free disk space.")


def _unavailable(text: str, cure: str) -> OrchestrionError:
    return Reason.STORAGE_UNAVAILABLE.error(
        f"The controller's database cannot be used now: {text.rstrip('.')}. {cure}".rstrip(), retry_after_ms=1_000
    )


def _refused() -> OrchestrionError:
    return Reason.INTERNAL.error("The controller's database refused a statement; the controller's log has the details.")
