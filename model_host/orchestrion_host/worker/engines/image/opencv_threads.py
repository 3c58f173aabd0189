"""How many threads OpenCV computes with. Every engine that uses it shares them: the number is one of the process."""

from __future__ import annotations

import os

import cv2


def share_cores() -> None:
    """Leaves half of the cores to other experts and to other calls, which compute beside each other."""
    cv2.setNumThreads(max(1, _core_count() // 2))


def _core_count() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # Not on macOS or Windows.
        return os.cpu_count() or 1
