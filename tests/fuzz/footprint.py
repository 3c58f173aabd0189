"""What processes hold: memory, descriptors and threads, read from the kernel."""

from __future__ import annotations

import psutil

MEGABYTE = 1 << 20


def family(process: psutil.Process) -> list[psutil.Process]:
    """Returns a process and what it has started."""
    return [process, *process.children(recursive=True)]


def resident_bytes(process: psutil.Process) -> int:
    """Returns the memory of a process by itself."""
    return int(process.memory_info().rss)
