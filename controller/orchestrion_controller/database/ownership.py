"""One controller a database: a second one would take up the runs of the first, and is refused.

The right lasts as long as the process, however it ends: for SQLite it is a lock of the kernel on a file beside the
database, for PostgreSQL an advisory lock of the session that writes. Whoever lost that session cannot write.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, text

_KEY: Final = int.from_bytes(b"orchestr")
"""The number of the advisory lock."""
_WAIT_S: Final = 5
"""How long a session of a controller that just died may still hold the lock, in seconds."""
_LOCK: Final = text("SELECT pg_advisory_lock(:key)")
_HOLDER: Final = text(
    "SELECT a.application_name, a.client_addr::text AS address, a.backend_start FROM pg_locks l "
    "JOIN pg_stat_activity a ON a.pid = l.pid WHERE l.locktype = 'advisory' AND l.granted "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND l.classid::bigint = :high AND l.objid::bigint = :low"
)


class InUseError(RuntimeError):
    """Another process owns it; the message says which, as far as can be seen, and the cure."""


class FileLock:
    """A lock on a file, which the kernel ends with the process."""

    def __init__(self, path: Path, what: str, setting: str) -> None:
        """Takes the lock.

        Args:
            path: The file, which is made.
            what: What is locked, for the message.
            setting: The setting that names another, for the message.

        Raises:
            InUseError: Another process has it.
        """
        self._file: int | None = None
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return  # Where no file can be made, the database cannot be written either.
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(file, 32, 0).decode(errors="replace").strip()
            os.close(file)
            text = f"the controller of process {holder} uses {what}" if holder else f"another controller uses {what}"
            raise InUseError(f"{text}; stop it, or give this one another {setting}") from error
        except OSError:
            os.close(file)  # A file system without locks.
            return
        with contextlib.suppress(OSError):  # A full disk: the lock holds without the number.
            os.ftruncate(file, 0)
            os.pwrite(file, b"%d\n" % os.getpid(), 0)
        self._file = file

    def release(self) -> None:
        """Gives the lock back."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def lock_session(connection: Connection) -> None:
    """Takes PostgreSQL's lock for the session of a connection, and ends the transaction in which it was taken.

    Raises:
        InUseError: Another session has it.
        SQLAlchemyError: The database cannot be used.
    """
    connection.execute(text(f"SET lock_timeout = '{_WAIT_S}s'"))
    connection.commit()
    try:
        connection.execute(_LOCK, {"key": _KEY})
    except Exception as error:
        connection.rollback()
        if getattr(getattr(error, "orig", None), "sqlstate", "") != "55P03":
            raise
        raise InUseError(_held(connection)) from error
    connection.commit()
    connection.execute(text("SET lock_timeout = 0"))
    connection.commit()


def _held(connection: Connection) -> str:
    number = {"high": _KEY >> 32, "low": _KEY & 0xFFFFFFFF}
    holder = connection.execute(_HOLDER, number).first()
    connection.rollback()
    where = (
        f" (from {holder.address or 'this machine'}, since {holder.backend_start:%Y-%m-%d %H:%M:%S %Z})"
        if holder
        else ""
    )
    return f"another controller{where} uses it; stop that one, or give this one a database of its own"
