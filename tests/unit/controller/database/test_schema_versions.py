"""Databases of every age: new, of before versions were counted, up to date, and of a newer release."""

from __future__ import annotations

import gzip
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic import autogenerate
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from orchestrion._codec import codec
from orchestrion.errors import FailedPreconditionError
from orchestrion.events import Event, RunStarted, Stage
from orchestrion.runs import Message, RunKind, RunState
from orchestrion_controller.database import versions
from orchestrion_controller.database.database import Database
from orchestrion_controller.database.schema import METADATA
from orchestrion_controller.metrics import ControllerMetrics
from orchestrion_controller.runs.journal import Journal

UNVERSIONED = Path(__file__).parent / "unversioned.sqlite3.gz"
"""Written by the controller of before versions were counted: two runs, the first ended, and an artifact."""
ARTIFACTS = (f"{'a' * 64}", f"{'b' * 64}-0123456789ab")
"""The ids of artifacts that an event names."""


@pytest.fixture
def unversioned(path: Path) -> Path:
    path.write_bytes(gzip.decompress(UNVERSIONED.read_bytes()))
    return path


def ask(path: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.execute(query))


def tables(path: Path) -> set[tuple[str, str]]:
    """Reads how the tables and indexes were made, but for white space and quotes."""
    made = ask(path, "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")
    return {(name, "".join(sql.replace('"', "").split())) for name, sql in made}


async def test_a_database_of_before_versions_is_opened_with_all_that_it_holds(
    unversioned: Path, metrics: ControllerMetrics
) -> None:
    with closing(sqlite3.connect(unversioned)) as connection, connection:
        named = b"\x0a" + b"\x12".join(f"artifacts/{name}".encode() for name in ARTIFACTS) + b"artifacts/none"
        connection.execute("INSERT INTO events (run, sequence, event) VALUES ('runs/b', 7, ?)", (named,))
    before = {table: ask(unversioned, f"SELECT * FROM {table}") for table in ("runs", "events", "artifacts")}
    # An artifact counts as used when it was stored.
    before["artifacts"] = [(row[0], row[1], *row[1:], row[-1]) for row in before["artifacts"]]
    before["run_artifacts"] = [("runs/b", name) for name in ARTIFACTS]
    # Runs of that time have no request, and were never taken up again; what lists show is taken from their events.
    before["runs"] = [(*row, None, 0, b"") for row in before["runs"]]
    database = Database(f"sqlite:///{unversioned}", metrics)
    journal = Journal(database)
    first, second = await journal.get("runs/a"), await journal.get("runs/b")
    assert (first.state, second.state, second.previous_run) == (RunState.SUCCEEDED, RunState.RUNNING, "runs/a")
    assert [event.sequence for event in await journal.events("runs/a", 0)] == [1, 2]
    await database.close()
    assert {table: ask(unversioned, f"SELECT * FROM {table}") for table in before} == before
    assert ask(unversioned, "SELECT * FROM alembic_version") == [(versions.HEAD,)]


async def test_lists_show_how_the_messages_of_older_runs_begin(unversioned: Path, metrics: ControllerMetrics) -> None:
    started = RunStarted(RunKind.FULL, (Message("x" * 300, artifacts=("artifacts/a",)),))
    event = codec.encode(Event("runs/b", 1, None, Stage.UNSPECIFIED, started)).SerializeToString()
    with closing(sqlite3.connect(unversioned)) as connection:
        connection.execute("UPDATE events SET event = ? WHERE run = 'runs/b' AND sequence = 1", (event,))
        connection.commit()
    database = Database(f"sqlite:///{unversioned}", metrics)
    newest, _ = await Journal(database).list(10, None)
    assert newest.messages == (Message("x" * 200, artifacts=("artifacts/a",)),)
    await database.close()


def test_the_steps_make_the_tables_that_the_code_makes_at_once(tmp_path: Path, unversioned: Path) -> None:
    fresh, stepped = tmp_path / "fresh.sqlite3", tmp_path / "stepped.sqlite3"
    for path in (fresh, stepped, unversioned):
        engine = create_engine(f"sqlite:///{path}")
        with engine.begin() as connection:
            if path == stepped:
                versions.migrate(connection, "")
        versions.prepare(engine)
        with engine.connect() as connection:
            assert autogenerate.compare_metadata(MigrationContext.configure(connection), METADATA) == []
        engine.dispose()
    assert tables(fresh) == tables(stepped) == tables(unversioned)


def test_tables_that_a_database_of_before_versions_lacks_are_made(unversioned: Path) -> None:
    with closing(sqlite3.connect(unversioned)) as connection:
        connection.executescript("DROP TABLE artifacts; DROP TABLE events; DROP INDEX runs_by_state;")
    engine = create_engine(f"sqlite:///{unversioned}")
    versions.prepare(engine)
    with engine.connect() as connection:
        assert autogenerate.compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()


async def test_a_newer_schema_is_refused_and_left_alone(unversioned: Path, metrics: ControllerMetrics) -> None:
    with closing(sqlite3.connect(unversioned)) as connection:
        connection.executescript(
            "CREATE TABLE alembic_version (version_num); INSERT INTO alembic_version VALUES ('x9')"
        )
    before = tables(unversioned)
    with pytest.raises(FailedPreconditionError, match=r"database_url: .* version x9, which a newer release wrote"):
        Database(f"sqlite:///{unversioned}", metrics)
    assert tables(unversioned) == before


def test_a_step_that_fails_leaves_the_database_as_it_was(unversioned: Path) -> None:
    with closing(sqlite3.connect(unversioned)) as connection:
        # The last thing that the first step does cannot be done.
        connection.executescript(
            "DROP TABLE events; DROP INDEX artifacts_by_hash; CREATE VIEW artifacts_by_hash AS SELECT 1"
        )
    before = tables(unversioned)
    engine = create_engine(f"sqlite:///{unversioned}")
    with pytest.raises(Exception, match="artifacts_by_hash"):
        versions.prepare(engine)
    engine.dispose()
    assert tables(unversioned) == before


def test_the_code_names_the_last_step() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(versions.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == versions.HEAD


def test_what_is_up_to_date_or_new_is_opened_without_alembic(tmp_path: Path) -> None:
    program = (
        "import sys, sqlalchemy; from orchestrion_controller.database import versions\n"
        f"for _ in range(2): versions.prepare(sqlalchemy.create_engine('sqlite:///{tmp_path}/new.sqlite3'))\n"
        "print('alembic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
