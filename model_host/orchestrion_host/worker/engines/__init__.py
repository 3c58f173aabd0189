"""Engines: programs that are experts by themselves. Each module has `load(spec)`."""
