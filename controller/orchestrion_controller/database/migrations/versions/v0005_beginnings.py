"""Rows of runs have what lists show of their messages, so that a list reads no events."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from orchestrion._codec import codec
from orchestrion.events import Event, RunStarted
from orchestrion.v1 import events_pb2
from orchestrion_controller.database.beginnings import beginnings

revision = "0005"
down_revision = "0004"

_GROUP: Final = 500


def upgrade() -> None:
    """Adds the column, and fills it from the first event of each run."""
    op.add_column("runs", sa.Column("beginnings", sa.LargeBinary))
    runs = sa.table("runs", sa.column("name", sa.String), sa.column("beginnings", sa.LargeBinary))
    events = sa.table(
        "events", sa.column("run", sa.String), sa.column("sequence", sa.Integer), sa.column("event", sa.LargeBinary)
    )
    connection = op.get_bind()
    first = sa.select(events.c.run, events.c.event).where(events.c.sequence == 1).order_by(events.c.run).limit(_GROUP)
    fill = sa.update(runs).where(runs.c.name == sa.bindparam("run")).values(beginnings=sa.bindparam("shown"))
    last = ""
    while rows := connection.execute(first.where(events.c.run > last)).all():
        connection.execute(fill, [{"run": row.run, "shown": _shown(row.event)} for row in rows])
        last = rows[-1].run


def _shown(first_event: bytes) -> bytes:
    started = codec.decode(events_pb2.Event.FromString(first_event), Event).payload
    return beginnings(started.messages if isinstance(started, RunStarted) else ())
