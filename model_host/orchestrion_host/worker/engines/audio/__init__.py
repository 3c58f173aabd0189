"""Engines for audio."""
