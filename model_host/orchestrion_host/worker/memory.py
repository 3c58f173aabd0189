"""What a load takes of main memory, and giving back what is free."""

from __future__ import annotations

import ctypes
import gc
import sys
from pathlib import Path
from types import TracebackType

import psutil


class Growth:
    """Measures by how much the process grows inside a `with` block."""

    def __init__(self) -> None:
        """Starts with nothing measured."""
        self._before = 0
        self.bytes = 0

    def __enter__(self) -> Growth:
        """Notes the size before."""
        give_back()
        self._before = resident_bytes()
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Notes the growth, without what a load used for a moment only."""
        give_back()
        self.bytes = max(0, resident_bytes() - self._before)


def resident_bytes() -> int:
    """Returns what this process has in memory; pages shared with others count by its share of them."""
    try:
        for line in Path("/proc/self/smaps_rollup").read_text("ascii").splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
    except OSError:
        pass  # Not Linux, or a kernel before 4.14.
    return int(psutil.Process().memory_info().rss)


def give_back() -> None:
    """Frees what nothing refers to, and returns free memory to the system."""
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:  # glibc has it, musl does not.
            trim(0)
