"""`orchestrion version`."""

from __future__ import annotations


def version() -> None:
    """Print the version."""
    import importlib.metadata

    print(importlib.metadata.version("orchestrion"))
