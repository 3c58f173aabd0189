"""How many threads an engine computes with."""

from __future__ import annotations

import os


def half() -> int:
    """Returns half of the cores, at least 1: the others are for other experts and calls, which compute beside it."""
    return max(1, _core_count() // 2)


def _core_count() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # Not on macOS or Windows.
        return os.cpu_count() or 1
