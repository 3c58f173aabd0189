"""Runs keep their request until they end, so that another process can take them up again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Adds the columns; a run of an earlier version has no request, and cannot be resumed."""
    op.add_column("runs", sa.Column("request", sa.LargeBinary))
    op.add_column("runs", sa.Column("resume_count", sa.Integer, nullable=False, server_default="0"))
