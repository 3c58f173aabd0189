"""Which artifacts a run refers to, when an artifact was last stored or asked for, and which runs go on from which."""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_ARTIFACT = re.compile(rb"artifacts/([0-9a-f]{64}(?:-[0-9a-f]{12})?)")


def upgrade() -> None:
    """Adds what retention goes by; for runs that are there it is read from their events and requests."""
    table = op.create_table(
        "run_artifacts",
        sa.Column("run", sa.String(80), primary_key=True),
        sa.Column("artifact", sa.String(80), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_index("run_artifacts_by_artifact", "run_artifacts", ["artifact"])
    op.create_index("runs_by_previous", "runs", ["previous_run"])
    op.create_index("runs_by_end", "runs", ["end_ms", "name"])
    op.add_column("artifacts", sa.Column("use_ms", sa.BigInteger, nullable=False, server_default="0"))
    op.execute("UPDATE artifacts SET use_ms = create_ms")
    connection = op.get_bind()
    runs = sa.text("SELECT name FROM runs")
    # One run at a time: all events together need not fit in memory.
    for (run,) in connection.execute(runs).all():
        parts = [row[0] for row in connection.execute(_EVENTS, {"run": run})]
        parts += [row[0] for row in connection.execute(_REQUEST, {"run": run}) if row[0]]
        ids = {match.decode() for part in parts for match in _ARTIFACT.findall(bytes(part))}
        if ids:
            connection.execute(table.insert(), [{"run": run, "artifact": artifact} for artifact in sorted(ids)])


_EVENTS = sa.text("SELECT event FROM events WHERE run = :run")
_REQUEST = sa.text("SELECT request FROM runs WHERE name = :run")
