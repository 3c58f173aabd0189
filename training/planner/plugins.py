"""Task types that packages could bring, with marked requests for them: what is not known until somebody installs it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrion import task_types
from orchestrion.plans import TaskType
from training.planner import marked
from training.planner.libraries import DATA
from training.planner.marked import Marked, MarkedStep, Segment


@dataclass(frozen=True, slots=True)
class Plugin:
    """A package's task types, and requests for them and for our own."""

    name: str
    types: tuple[TaskType, ...]
    requests: tuple[Marked, ...]

    @property
    def lacking(self) -> Iterator[Marked]:
        """The requests as they are where nobody has installed it."""
        names = {item.name for item in self.types}
        return (without(request, names) for request in self.requests)


def training() -> list[Plugin]:
    """Reads the plug-ins that are learnt from."""
    return [read(path) for path in sorted((DATA / "plugins").glob("*.json"))]


def held_out() -> list[Plugin]:
    """Reads those that are never learnt from."""
    return [read(path) for path in sorted((DATA / "held_out" / "plugins").glob("*.json"))]


def read(path: Path) -> Plugin:
    """Reads a plug-in.

    Raises:
        ValueError: A type or a request breaks the form; the message names it.
    """
    data = json.loads(path.read_text("utf-8"))
    types = tuple(task_types.read(json.dumps(item), path.name) for item in data["types"])
    both = {**task_types.load(), **{item.name: item for item in types}}
    requests = (
        marked.parse(item, item["language"], both, f"{path.name}:{number}")
        for number, item in enumerate(data["requests"], start=1)
    )
    return Plugin(path.stem, types, tuple(requests))


def without(request: Marked, names: Collection[str]) -> Marked:
    """A request where some task types are not there: what asks for them is unmet, and what they feed works without."""
    gone = {number for number, step in enumerate(request.steps) if step.type in names}
    kept = [number for number in range(len(request.steps)) if number not in gone]
    segments = []
    for item in request.segments:
        if item.step in gone:
            if item.role != "result":
                segments.append(Segment("unmet", item.start, item.end))
        else:
            segments.append(replace(item, step=kept.index(item.step)) if item.step >= 0 else item)
    steps = tuple(_fed(request.steps, number, gone, kept) for number in kept)
    return replace(request, segments=tuple(segments), steps=steps)


def _fed(steps: tuple[MarkedStep, ...], number: int, gone: Collection[int], kept: list[int]) -> MarkedStep:
    files, waiting, sources = set(steps[number].files), list(steps[number].sources), set()
    seen: set[int] = set()
    while waiting:
        source = waiting.pop()
        if source not in gone:
            sources.add(kept.index(source))
        elif source not in seen:
            seen.add(source)
            files |= steps[source].files
            waiting += steps[source].sources
    return replace(steps[number], files=frozenset(files), sources=frozenset(sources))
