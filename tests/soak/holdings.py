"""What each process of a platform holds: memory, descriptors, threads and asyncio tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

import psutil

from orchestrion._processes.supervision import Child
from tests.system.processes import metric, process_of

_ALLOWED: Final = 0.05
_SLACK: Final[Mapping[str, int]] = {"memory_mb": 8, "descriptors": 4, "threads": 4, "tasks": 2}
"""What may be there on top of 5 %: pools of threads, which have a bound, fill when calls happen to come together."""


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a process holds at a moment."""

    memory_mb: int
    """Its own memory, in megabytes: what it shares with others is not counted."""
    descriptors: int
    """Open files, sockets and pipes."""
    threads: int
    """Threads of the kernel."""
    tasks: int
    """Tasks of asyncio that have not ended; 0 for processes without an event loop."""

    @classmethod
    def of(cls, process: psutil.Process, tasks: float = 0) -> Holdings:
        """Looks at a process."""
        memory = process.memory_full_info()
        return cls(memory.uss // 1_000_000, process.num_fds(), process.num_threads(), round(tasks))

    def grown(self, later: Holdings) -> list[str]:
        """Names what a later look shows more of than 5 % and a little."""
        return [
            field.name
            for field in fields(self)
            if getattr(later, field.name) > getattr(self, field.name) * (1 + _ALLOWED) + _SLACK[field.name]
        ]


def held_by(servers: Mapping[str, Child]) -> dict[str, Holdings]:
    """Looks at servers, by their names, and at the workers that they have started."""
    held = {}
    for name, server in servers.items():
        process = process_of(server)
        kind = name.partition(" ")[0]
        held[name] = Holdings.of(process, metric(server, f"orchestrion_{kind}_asyncio_tasks"))
        for number, child in enumerate(sorted(process.children(), key=lambda child: child.pid), 1):
            held[f"{name}, child {number}"] = Holdings.of(child)
    return held


def table(before: Mapping[str, Holdings], after: Mapping[str, Holdings]) -> str:
    """Writes both looks beside each other."""
    names = [field.name for field in fields(Holdings)]
    lines = [f"{'':24}" + "".join(f"{name:>20}" for name in names)]
    for process in {**before, **after}:
        cells = (
            f"{getattr(before.get(process), name, '-')} → {getattr(after.get(process), name, '-')}" for name in names
        )
        lines.append(f"{process:24}" + "".join(f"{cell:>20}" for cell in cells))
    return "\n".join(lines)
