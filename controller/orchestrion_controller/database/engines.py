"""Engines by URL: SQLite in a file, or PostgreSQL by psycopg; what each is told when a connection begins."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError

from orchestrion.errors import OrchestrionError, Reason

_BACKENDS: Final = ("sqlite", "postgresql")
_MOST_BUSY_S: Final = 10.0
"""How long SQLite itself waits for another process's lock before a statement fails, in seconds."""

_POSTGRESQL_ARGUMENTS: Final[Mapping[str, object]] = {
    "application_name": "orchestrion-controller",
    "connect_timeout": 10,
    # A link that died in silence is noticed by both sides in about 20 s.
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    "options": "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3",
}
"""What libpq is told where the URL does not say otherwise."""


def open_engine(url: str, synchronous: str, retry_s: float) -> Engine:
    """Makes the engine of a URL; nothing is connected yet.

    Args:
        url: The URL, as SQLAlchemy writes them; `postgresql://` and `postgres://` mean psycopg.
        synchronous: SQLite's setting, `normal` or `full`.
        retry_s: How long writes are tried again, in seconds; SQLite waits no longer for a lock.

    Raises:
        FailedPreconditionError: It is no URL of a database that can be used here.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() not in _BACKENDS:
        raise not_opened(f"{parsed.get_backend_name()} is neither of {' and '.join(_BACKENDS)}")
    arguments: dict[str, object] = {}
    if parsed.get_backend_name() == "postgresql":
        arguments = {name: value for name, value in _POSTGRESQL_ARGUMENTS.items() if name not in parsed.query}
    try:
        # Parameters hold what people wrote, and errors go into logs.
        engine = create_engine(parsed, hide_parameters=True, connect_args=arguments)
    except NoSuchModuleError as error:
        raise not_opened(f"there is no driver {parsed.drivername}; write postgresql://…") from error
    except ImportError as error:
        raise not_opened(f"{error}: pip install 'orchestrion[postgres]'") from error
    except SQLAlchemyError as error:
        raise not_opened(str(error)) from error
    if engine.dialect.name == "sqlite":
        _tune_sqlite(engine, synchronous, min(_MOST_BUSY_S, retry_s))
    return engine


def file_of(engine: Engine) -> Path | None:
    """Returns the file of an SQLite database; None where the database is in memory, named by a URI, or elsewhere."""
    name = engine.url.database or ""
    if engine.dialect.name != "sqlite" or name in ("", ":memory:") or name.startswith("file:"):
        return None
    return Path(name).absolute()


def not_opened(why: str) -> OrchestrionError:
    """Makes the error of a database that cannot be opened."""
    return Reason.NOT_CONFIGURED.error(f"database_url: cannot open the database: {why}")


def _parsed(url: str) -> URL:
    scheme, separator, rest = url.partition("://")
    if scheme in ("postgres", "postgresql"):
        scheme = "postgresql+psycopg"
    try:
        parsed = make_url(scheme + separator + rest)
        if parsed.get_backend_name() == "postgresql" and "@" in f"{parsed.host}{parsed.database}":
            raise ValueError("a password ends at its first @")
        return parsed
    except (SQLAlchemyError, ValueError) as error:
        # What could not be read may hold a password: none of it is repeated.
        text = "it is no URL, such as sqlite:////folder/file or postgresql://user@host/name. In a password, write @ as"
        raise not_opened(f"{text} %40, : as %3A and / as %2F") from error


def _tune_sqlite(engine: Engine, synchronous: str, busy_s: float) -> None:
    @event.listens_for(engine, "connect")
    def set_pragmas(connection: sqlite3.Connection, _: object) -> None:
        cursor = connection.cursor()
        # First: the others may find the database locked, too.
        cursor.execute(f"PRAGMA busy_timeout={round(busy_s * 1000)}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute(f"PRAGMA synchronous={synchronous}")
        cursor.close()
