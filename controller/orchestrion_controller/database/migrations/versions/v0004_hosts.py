"""The names of hosts outlive the controller, so that the next one knows for whom it waits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Adds the table."""
    op.create_table("hosts", sa.Column("name", sa.String(80), primary_key=True))
