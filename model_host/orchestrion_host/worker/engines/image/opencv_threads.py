"""How many threads OpenCV computes with. Every engine that uses it shares them: the number is one of the process."""

from __future__ import annotations

import cv2

from orchestrion_host.worker.engines import cores


def share_cores() -> None:
    """Leaves half of the cores to other experts and to other calls, which compute beside each other."""
    cv2.setNumThreads(cores.half())
