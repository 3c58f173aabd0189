"""Artifacts: content stored once under its SHA-256, and rows that say who owns it under which name."""
