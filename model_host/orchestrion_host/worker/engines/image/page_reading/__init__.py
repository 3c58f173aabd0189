"""Reads the text on pages: where it is, which way up, and what it says."""
