"""Which version of the schema a database has: a new one gets the newest, an older one is brought up to it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    insert,
    inspect,
    select,
)

from orchestrion_controller.database.schema import METADATA, RUNS

HEAD: Final = "0006"
"""The version that `schema` is."""

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_VERSION: Final = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""Alembic's own table, which has one row."""


class NewerSchemaError(RuntimeError):
    """A newer release of the project wrote this database; the message names both versions."""


def prepare(engine: Engine) -> None:
    """Makes the tables of a new database, or brings those of an older one up to date, in one transaction.

    A database that is up to date costs one query: Alembic takes 0.4 s to import, and is so only where it has work.

    Raises:
        NewerSchemaError: The database has a version that this code does not know.
        SQLAlchemyError: The database cannot be read or written.
    """
    with engine.connect() as connection:
        if _version(connection) == HEAD:
            return
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            # Python's driver begins no transaction for a change of tables. Another controller may start just now, too.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        version = _version(connection)
        if version == HEAD:
            return
        if version or inspect(connection).has_table(RUNS.name):
            migrate(connection, version)
        else:
            METADATA.create_all(connection)
            _VERSION.create(connection)
            connection.execute(insert(_VERSION), {"version_num": HEAD})


def _version(connection: Connection) -> str:
    """Returns the version of a database; empty where it has none."""
    if not inspect(connection).has_table(_VERSION.name):
        return ""
    return connection.execute(select(_VERSION.c.version_num)).scalar() or ""


def migrate(connection: Connection, version: str) -> None:
    """Takes a database from a version, empty for none, to the newest.

    Raises:
        NewerSchemaError: The version is none of this code's.
        SQLAlchemyError: A step fails.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    steps = ScriptDirectory.from_config(config).walk_revisions()
    if version and version not in {step.revision for step in steps}:
        raise NewerSchemaError(
            f"its schema has version {version}, which a newer release wrote; this one knows versions up to {HEAD}. "
            "Install that release, or name another database."
        )
    command.upgrade(config, "head")
