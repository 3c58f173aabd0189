"""The memory of this process: what it holds, how much it held at its peak, and giving back what is free."""

from __future__ import annotations

import ctypes
import gc
import sys
from pathlib import Path
from types import ModuleType
from typing import Final, Protocol

import psutil

_PROCESS: Final = Path("/proc/self")
# What libraries say, in errors of no type of their own, when main memory is full: torch, onnxruntime, OpenCV.
_FULL_MEMORY_TEXTS: Final = (
    "defaultcpuallocator: can't allocate memory",
    "defaultcpuallocator: not enough memory",
    "failed to allocate memory",
    "std::bad_alloc",
    "insufficient memory",
)


class Gauge(Protocol):
    """Tells what this process takes of one device."""

    def held_bytes(self) -> int:
        """Returns what it holds now, without what it could give back."""

    def begin_peak(self) -> None:
        """Begins to watch for a peak."""

    def spare_bytes(self) -> int:
        """Returns by how much the peak since `begin_peak` was above what is held now."""


class MainMemoryGauge:
    """Main memory, by the kernel's own figures.

    What is held is the resident set. (The proportional set, which counts shared pages by their share, changes whenever
    another process that uses the same libraries comes or goes.) The peak is that of the resident set (`VmHWM`), which
    the kernel keeps exactly and resets where 5 is written to `clear_refs`: that costs microseconds, needs no thread
    that samples, and a process may do it to itself in containers too.
    """

    def __init__(self) -> None:
        """Starts with no peak watched."""
        self._peak_before = 0

    def held_bytes(self) -> int:
        """Returns the resident set size after a clean-up."""
        give_back()
        return _status_bytes("VmRSS") or int(psutil.Process().memory_info().rss)

    def begin_peak(self) -> None:
        """Resets the peak; where the system forbids that, only one above all earlier ones will be seen."""
        give_back()
        try:
            (_PROCESS / "clear_refs").write_text("5", "ascii")
        except OSError:
            self._peak_before = _status_bytes("VmHWM")
        else:
            self._peak_before = 0

    def spare_bytes(self) -> int:
        """Returns the peak above what is resident now; 0 where it cannot be told."""
        give_back()
        peak = _status_bytes("VmHWM")
        return max(0, peak - _status_bytes("VmRSS")) if peak > self._peak_before else 0


class CudaGauge:
    """The one graphics device that a worker sees, by PyTorch's allocator, which knows nothing of other programs."""

    def __init__(self) -> None:
        """Imports PyTorch, which whatever is to be measured needs as well."""
        import torch

        self._cuda: ModuleType = torch.cuda

    def held_bytes(self) -> int:
        """Returns what tensors take."""
        gc.collect()
        return int(self._cuda.memory_allocated())

    def begin_peak(self) -> None:
        """Resets the allocator's peak."""
        gc.collect()
        if self._cuda.is_initialized():
            self._cuda.reset_peak_memory_stats()

    def spare_bytes(self) -> int:
        """Returns the allocator's peak above what tensors take now."""
        return max(0, int(self._cuda.max_memory_allocated()) - self.held_bytes())


def gauge(device: str) -> Gauge:
    """Returns what measures a device, such as `cpu` or `cuda:0`."""
    return CudaGauge() if device.startswith("cuda") else MainMemoryGauge()


def proportional_bytes() -> int:
    """Returns what this process has in memory; pages shared with others count by its share of them."""
    try:
        for line in (_PROCESS / "smaps_rollup").read_text("ascii").splitlines():
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


def set_aside_libraries() -> None:
    """Takes everything there is now, such as freshly imported libraries, out of later searches for garbage.

    With PyTorch and transformers a search takes 0.2 s, during which no thread of the process goes on; without them,
    milliseconds.
    """
    gc.collect()
    gc.freeze()


def give_back_unloaded() -> None:
    """Gives back what an expert left, which may have been set aside together with libraries."""
    gc.unfreeze()
    give_back_everywhere()
    gc.freeze()


def give_back_everywhere() -> None:
    """Does so for main memory and for the graphics device, whose allocator keeps what was freed."""
    give_back()
    cuda = _cuda_in_use()
    if cuda is not None:
        cuda.empty_cache()


def is_exhaustion(error: BaseException) -> bool:
    """Whether an error means that a device has no memory left, in the words of any library."""
    if isinstance(error, MemoryError):
        return True
    exhausted = getattr(sys.modules.get("torch"), "OutOfMemoryError", None)
    if isinstance(exhausted, type) and isinstance(error, exhausted):
        return True
    text = str(error).lower()
    return any(words in text for words in _FULL_MEMORY_TEXTS)


def _cuda_in_use() -> ModuleType | None:
    """Returns `torch.cuda` where it was imported and used; importing it only to look would take seconds."""
    cuda = getattr(sys.modules.get("torch"), "cuda", None)
    in_use = getattr(cuda, "is_initialized", None)
    return cuda if in_use is not None and in_use() else None


def _status_bytes(name: str) -> int:
    """Reads one figure of `/proc/self/status`; 0 where there is none."""
    try:
        lines = (_PROCESS / "status").read_text("ascii", errors="replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith(f"{name}:")), 0)
