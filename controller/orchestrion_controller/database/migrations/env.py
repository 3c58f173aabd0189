"""Run by Alembic: carries out the steps on the caller's connection, inside the caller's transaction."""

from __future__ import annotations

from alembic import context

from orchestrion_controller.database.schema import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA, transactional_ddl=True)
context.run_migrations()
