"""Looks at what a pull left behind, and at errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psutil
import pytest

from orchestrion.errors import OrchestrionError


def cache(tmp_path: Path) -> Path:
    return tmp_path / "hub" / "cache"


def cached_files(tmp_path: Path) -> set[str]:
    return {path.name for path in cache(tmp_path).rglob("*") if path.is_file()}


async def failure(doing: Any) -> OrchestrionError:
    with pytest.raises(OrchestrionError) as caught:
        await doing
    return caught.value


def programs() -> list[psutil.Process]:
    """Returns the programs of this process that speak to the Hub now."""
    return [
        child
        for child in psutil.Process().children(recursive=True)
        if child.status() != psutil.STATUS_ZOMBIE and "orchestrion_host.hub" in child.cmdline()
    ]
