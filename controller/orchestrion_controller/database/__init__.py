"""The database: runs, their events, and who owns which artifact. SQLAlchemy Core, so the URL chooses the engine."""
