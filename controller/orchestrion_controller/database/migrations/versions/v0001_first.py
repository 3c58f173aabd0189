"""The tables as they were before versions were counted; what such a database has already stays as it is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes the tables and indexes that are missing."""
    op.create_table(
        "runs",
        sa.Column("name", sa.String(80), primary_key=True),
        sa.Column("kind", sa.Integer, nullable=False),
        sa.Column("state", sa.Integer, nullable=False),
        sa.Column("create_ms", sa.BigInteger, nullable=False),
        sa.Column("end_ms", sa.BigInteger),
        sa.Column("deadline_ms", sa.BigInteger),
        sa.Column("previous_run", sa.String(80), nullable=False),
        sa.Column("request_id", sa.String(64)),
        sa.UniqueConstraint("request_id"),
        if_not_exists=True,
    )
    op.create_index("runs_by_time", "runs", ["create_ms", "name"], if_not_exists=True)
    op.create_index("runs_by_state", "runs", ["state"], if_not_exists=True)
    op.create_table(
        "events",
        sa.Column("run", sa.String(80), primary_key=True),
        sa.Column("sequence", sa.Integer, primary_key=True),
        sa.Column("event", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
        if_not_exists=True,
    )
    op.create_table(
        "artifacts",
        sa.Column("owner", sa.String(64), primary_key=True),
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("media_type", sa.String(255), nullable=False),
        sa.Column("file_name", sa.String(255), nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("create_ms", sa.BigInteger, nullable=False),
        if_not_exists=True,
    )
    op.create_index("artifacts_by_time", "artifacts", ["owner", "create_ms", "sha256"], if_not_exists=True)
    op.create_index("artifacts_by_hash", "artifacts", ["sha256"], if_not_exists=True)
