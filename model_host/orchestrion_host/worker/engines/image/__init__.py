"""Engines for images."""
