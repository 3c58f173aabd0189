"""What memory this machine has: main memory within the control group's limit, and NVIDIA devices by their own tool."""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from orchestrion_host.child_process import running

_log = logging.getLogger(__name__)
_CGROUP: Final = Path("/sys/fs/cgroup")
_NVIDIA_TIMEOUT_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class ProbedDevice:
    """A device, the maker's name for it, and its memory in bytes."""

    name: str
    model: str
    total_bytes: int
    free_bytes: int


def main_memory() -> ProbedDevice:
    """Reads main memory as far as this process may use it."""
    memory = psutil.virtual_memory()
    limit, used = _cgroup_limit(), _cgroup_used()
    total = min(memory.total, limit) if limit is not None else memory.total
    free = min(memory.available, total - used) if limit is not None else memory.available
    return ProbedDevice("cpu", platform.processor() or platform.machine(), total, max(free, 0))


async def nvidia_devices() -> list[ProbedDevice]:
    """Asks `nvidia-smi` for devices; none where there is no such tool or it fails."""
    try:
        return await ask_nvidia()
    except (OSError, TimeoutError) as error:
        _log.warning("nvidia-smi does not answer, so no GPU is used: %r", error)
        return []


async def ask_nvidia() -> list[ProbedDevice]:
    """Asks `nvidia-smi`, where there is such a tool, for devices and what is free on them now.

    Raises:
        OSError: It cannot be started.
        TimeoutError: It does not answer.
    """
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    command = [tool, "--query-gpu=index,name,memory.total,memory.free", "--format=csv,noheader,nounits"]
    async with (
        asyncio.timeout(_NVIDIA_TIMEOUT_S),
        running(command, os.environ, grace_s=0, stderr=subprocess.DEVNULL) as (child, output),
    ):
        text = b"".join([line async for line in output.lines()])
        status = await asyncio.shield(child.ended)
    return parse_nvidia(text.decode(errors="replace")) if status == 0 else []


def parse_nvidia(text: str) -> list[ProbedDevice]:
    """Reads lines of `index, name, total MiB, free MiB`; lines of another form are left out."""
    devices: list[ProbedDevice] = []
    for line in text.splitlines():
        fields = [field.strip() for field in line.split(",")]
        if len(fields) == 4 and all(fields[place].isdigit() for place in (0, 2, 3)):
            index, name, total, free = fields
            devices.append(ProbedDevice(f"cuda:{index}", name, int(total) << 20, int(free) << 20))
    return devices


def _cgroup_limit() -> int | None:
    for path in (_CGROUP / "memory.max", _CGROUP / "memory" / "memory.limit_in_bytes"):
        number = _number(path)
        # Version 1 writes "no limit" as a number near 2^63.
        if number is not None and number < 1 << 60:
            return number
    return None


def _cgroup_used() -> int:
    for folder, usage, reclaimable in (
        (_CGROUP, "memory.current", "inactive_file"),
        (_CGROUP / "memory", "memory.usage_in_bytes", "total_inactive_file"),
    ):
        used = _number(folder / usage)
        if used is not None:
            return max(0, used - _statistic(folder / "memory.stat", reclaimable))
    return 0


def _statistic(path: Path, name: str) -> int:
    """Reads one line of `memory.stat`; file pages that nobody uses count as free, as in the kernel's own figure."""
    try:
        lines = path.read_text("ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.split()[0] == name), 0)


def _number(path: Path) -> int | None:
    try:
        text = path.read_text("ascii").strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None
