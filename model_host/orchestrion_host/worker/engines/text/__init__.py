"""Engines for text."""
