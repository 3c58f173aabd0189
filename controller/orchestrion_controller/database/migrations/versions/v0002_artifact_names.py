"""Artifacts get an id of their own: one content may be stored under several file names."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Makes the table anew, since SQLite changes no primary key; what is stored keeps its name."""
    op.create_table(
        "artifacts_with_ids",
        sa.Column("owner", sa.String(64), primary_key=True),
        sa.Column("id", sa.String(80), primary_key=True),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("media_type", sa.String(255), nullable=False),
        sa.Column("file_name", sa.String(255), nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("create_ms", sa.BigInteger, nullable=False),
    )
    op.execute(
        "INSERT INTO artifacts_with_ids (owner, id, sha256, media_type, file_name, size_bytes, create_ms) "
        "SELECT owner, sha256, sha256, media_type, file_name, size_bytes, create_ms FROM artifacts"
    )
    op.drop_table("artifacts")
    op.rename_table("artifacts_with_ids", "artifacts")
    op.create_index("artifacts_by_time", "artifacts", ["owner", "create_ms", "id"])
    op.create_index("artifacts_by_hash", "artifacts", ["sha256"])
